"""A registry of its own for the tests that register."""

import mlflow
import pytest
from registering import DATA, GATE, MANIFEST, packed

from stylefuse.hooks import connect
from stylefuse.pipelines.register.nodes import register_model
from stylefuse.pipelines.register.options import RegisterOptions


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tracking")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{folder}/mlflow.db")
        connect(folder)
        yield folder
        mlflow.set_tracking_uri(None)


@pytest.fixture
def register(request):
    """Register generator number `seed` with a judge accuracy, under the test's own name."""

    def register(seed, accuracy, gate=GATE, data=DATA, about=None, fuser=None, fusion=None, **summary):
        options = RegisterOptions(name=request.node.name, alias="champion", gate=gate)
        evaluation = {"summary": {"judge_accuracy": accuracy, **summary}, "warnings": ["too few"]}
        evaluation |= {"about": about} if about else {}
        return register_model(packed(seed, data), evaluation, MANIFEST, options, fuser, fusion)

    return register
