"""How wide a bracket is, and the classical rule for wide ones."""

import math

import cv2
import pytest
import torch

from stylefuse.networks.pyramid import to_luma_chroma
from stylefuse.tasks.fuse.bracket import exposure_fusion, exposures
from stylefuse.tasks.fuse.config import FuserConfig
from stylefuse.tasks.fuse.network import MODES, Fuser
from support import lively_generator, smooth_pictures


def scene(side: int = 64) -> torch.Tensor:
    """1×3×H×W in [0, 1], with colour, texture and no black or white."""
    texture = torch.randn(1, 3, side, side, generator=torch.Generator().manual_seed(3)) * 0.08
    return ((smooth_pictures(1, side, side) + 1) / 4 + 0.25 + texture).clamp(0.1, 0.9)


def bracket(*stops: float) -> torch.Tensor:
    """1×n×3×H×W in [-1, 1], through a camera of gamma 2."""
    light = scene().square()
    return torch.stack([(light * 2**stop).clamp(0, 1).sqrt() for stop in stops], 1) * 2 - 1


def luma(x: torch.Tensor) -> torch.Tensor:
    return to_luma_chroma(x)[:, :, :1]


def test_exposures_bring_pictures_to_one_brightness():
    found, wide = exposures(luma(bracket(-0.5, 0.5)))
    # A stop is half of log 2 through a gamma of two.
    assert (found[0, 0] - found[0, 1]).item() == pytest.approx(math.log(2) / 2, abs=0.03)
    assert found.sum().item() == pytest.approx(0, abs=1e-5)
    assert wide == 0


@pytest.mark.parametrize("stops", [(-4, 3), (-3, 0, 4), (0, 12)])
def test_brackets_that_share_little_are_wide(stops):
    assert exposures(luma(bracket(*stops)))[1] == 1


@pytest.mark.parametrize("grey", [False, True])
def test_weights_sum_to_one_at_each_level_and_prefer_what_is_well_exposed(grey):
    x = bracket(-8, 0, 6)
    x = x.mean(2, keepdim=True).expand_as(x) if grey else x
    for level in exposure_fusion(x, luma(x), 4):
        weights = level.exp()
        assert weights.sum(1).sub(1).abs().max() < 0.01
        assert weights.mean((2, 3, 4))[0, 1] > 0.8


def test_a_wide_bracket_starts_as_exposure_fusion():
    torch.manual_seed(0)
    fuser = Fuser(lively_generator().encoder, FuserConfig()).eval()
    x, modes = bracket(-4, 3), torch.eye(len(MODES))
    with torch.inference_mode():
        fused, unaware = (fuser(x, modes[[MODES.index(mode)]]).picture[0] for mode in ("exposure", "focus"))
    eight_bit = [((p + 1) * 127.5).round().byte().permute(1, 2, 0).numpy() for p in x[0]]
    expected = torch.from_numpy(cv2.createMergeMertens().process(eight_bit)).permute(2, 0, 1) * 2 - 1
    # Not one and the same: its pyramid ends at the size of a few pixels, ours at 1/32.
    assert (fused - expected).square().mean() < 0.3 * (unaware - expected).square().mean()
