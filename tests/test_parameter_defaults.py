"""What the parameters files state is what the library does without them."""

from dataclasses import asdict

import pytest

from project import configuration
from stylefuse.tasks.fuse.options import FusionOptions
from stylefuse.tasks.restore.options import RestoreOptions
from stylefuse.tasks.stylize.options import HybridOptions
from stylefuse.tasks.stylize.reviser_options import ReviserOptions
from stylefuse.tasks.upscale.options import UpscaleOptions


@pytest.mark.parametrize(
    ("section", "options"),
    [
        ("train_hybrid", HybridOptions()),
        ("train_reviser", ReviserOptions()),
        ("train_fuser", FusionOptions()),
        ("train_restore", RestoreOptions()),
        ("train_upscale", UpscaleOptions()),
    ],
)
def test_base_states_the_defaults_of_a_training(section, options):
    assert plain(configuration("parameters")[section]["training"]) == plain(asdict(options))


def plain(value):
    """Tuples as lists, as YAML has them."""
    if isinstance(value, dict):
        return {name: plain(each) for name, each in value.items()}
    return [plain(each) for each in value] if isinstance(value, list | tuple) else value
