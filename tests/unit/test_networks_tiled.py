"""Strips come to what the generator makes of the whole picture, wherever they are cut."""

import pytest
import torch

from stylefuse.networks.config import GeneratorConfig
from stylefuse.networks.generator import Generator
from stylefuse.networks.tiled import HEIGHT, WIDTH, Layer, repaint_tiled
from support import lively_generator, smooth_pictures

STYLE = torch.tensor([[0.2, 0.5, 0.3]])


def textured(height: int, width: int) -> torch.Tensor:
    """Soft patches, an edge and grain, of which a thumbnail would know nothing."""
    x = smooth_pictures(1, height, width)
    x[..., height // 3 :, : width // 2] *= -1
    return (x + 0.1 * torch.randn(x.shape, generator=torch.Generator().manual_seed(0))).clamp(-1, 1)


def in_tiles(generator: Generator, x: torch.Tensor, lines: int, cut: int) -> torch.Tensor:
    layer = Layer(lambda first, last: x.narrow(cut, first, last - first), x.shape[cut], lines, cut)
    return torch.cat([tile for _, _, tile in repaint_tiled(generator, layer, STYLE)], cut)


def psnr(one: torch.Tensor, other: torch.Tensor) -> float:
    return float(10 * torch.log10(4 / (one - other).square().mean()))


@pytest.mark.parametrize("cut", [HEIGHT, WIDTH])
@pytest.mark.parametrize("lines", [4, 12, 32, 1000])
@pytest.mark.parametrize(
    "config", [GeneratorConfig((4, 8), 1), GeneratorConfig((4, 4, 8), 2), GeneratorConfig((4, 4, 8), 0)]
)
@torch.inference_mode()
def test_tiles_are_the_whole(config, lines, cut):
    generator, x = lively_generator(config), textured(72, 100)
    assert psnr(in_tiles(generator, x, lines, cut), generator(x, STYLE)) > 90


@torch.inference_mode()
def test_seams_do_not_show():
    """Gradients across the lines where tiles meet are as large as those of the whole picture there."""
    generator, x = lively_generator(GeneratorConfig((4, 4, 8), 2)), textured(128, 96)
    tiles, whole = in_tiles(generator, x, 16, HEIGHT), generator(x, STYLE)
    seams = torch.arange(16, 128, 16)
    across = [(y[..., seams, :] - y[..., seams - 1, :]).abs().mean() for y in (tiles, whole)]
    assert across[0] / across[1] == pytest.approx(1, abs=0.01)


@torch.inference_mode()
def test_tiles_leave_the_picture_alone():
    x = textured(32, 32)
    before = x.clone()
    in_tiles(lively_generator(), x, 8, HEIGHT)
    assert torch.equal(x, before)
