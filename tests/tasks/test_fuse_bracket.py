"""How wide a bracket is, and the classical rule for wide ones."""

import math

import pytest
import torch

from stylefuse.networks.pyramid import down, to_luma_chroma, up
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


def test_a_wide_bracket_shows_the_detail_of_each_picture():
    """The left half is exposed well in one picture only, the right half in the other."""
    torch.manual_seed(0)
    fuser = Fuser(lively_generator().encoder, FuserConfig()).eval()
    well, (dark, bright) = bracket(0)[:, 0], bracket(-12, 12).unbind(1)
    left = (torch.arange(64) < 32).expand(64, 64)
    x = torch.stack([torch.where(left, well, bright), torch.where(left, dark, well)], 1)
    assert exposures(luma(x))[1] == 1
    with torch.inference_mode():
        fused = fuser(x, torch.eye(len(MODES))[[MODES.index("exposure")]]).picture
    lumas = [to_luma_chroma(each)[:, :1] for each in (fused, well)]
    detail, expected = (each - up(down(each)) for each in lumas)
    for half in (slice(4, 28), slice(36, 60)):
        pair = torch.stack([detail[..., half].flatten(), expected[..., half].flatten()])
        assert torch.corrcoef(pair)[0, 1] > 0.9
