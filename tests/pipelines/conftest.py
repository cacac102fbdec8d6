"""A registry of its own for the tests that register."""

import pytest
from registering import DATA, GATE, MANIFEST, packed

from stylefuse.pipelines.register.nodes import register_model
from stylefuse.pipelines.register.options import RegisterOptions


@pytest.fixture
def register(request):
    """Register generator number `seed` with a judge accuracy, under the test's own name."""

    def register(seed, accuracy, gate=GATE, data=DATA, about=None, fuser=None, fusion=None, **summary):
        options = RegisterOptions(name=request.node.name, alias="champion", gate=gate)
        evaluation = {"summary": {"judge_accuracy": accuracy, **summary}, "warnings": ["too few"]}
        evaluation |= {"about": about} if about else {}
        return register_model(packed(seed, data), evaluation, MANIFEST, options, *[None] * 4, fuser, fusion)

    return register
