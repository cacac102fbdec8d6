"""Compress batches of tensors and read them again as JPEG does: DCT, quantisation, subsampling; no entropy coding."""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

# Quantisation tables for quality 50 (ITU-T T.81, Annex K).
_LUMA = (
    *(16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55),
    *(14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51, 87, 80, 62),
    *(18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92),
    *(49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99),
)
_CHROMA = (
    *(17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99),
    *(24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99, 99, 99, 99, 99, 99),
    *(99,) * 32,
)
BLOCK = 8  # side of a block, px
# RGB of 0 to 255 to luma and chroma around 0 (JFIF 1.02).
_TO_YCC = ((0.299, 0.587, 0.114), (-0.168736, -0.331264, 0.5), (0.5, -0.418688, -0.081312))
_TO_RGB = ((1.0, 0.0, 1.402), (1.0, -0.344136, -0.714136), (1.0, 1.772, 0.0))


def compress(x: Tensor, quality: Tensor, shift: tuple[int, int] = (0, 0), subsample: bool = True) -> Tensor:
    """Return pictures as they are after saving as JPEG and reading again, up to a level of rounding.

    Args:
        x: N×3×H×W, levels from 0 to 255.
        quality: N, 1 to 100, as libjpeg scales its tables.
        shift: rows and columns by which the grid of blocks lies above and left of the picture, 0 to 7 each.
        subsample: store chroma at half size (4:2:0).
    """
    height, width = x.shape[2:]
    down, right = shift
    x = F.pad(x, (right, -(width + right) % 16, down, -(height + down) % 16), mode="replicate")
    ycc = torch.einsum("dc,nchw->ndhw", x.new_tensor(_TO_YCC), x).round()
    luma_steps, chroma_steps = quantisation(quality)
    luma = _coded(ycc[:, :1] - 128, luma_steps) + 128
    chroma = F.avg_pool2d(ycc[:, 1:], 2).round() if subsample else ycc[:, 1:]
    chroma = _coded(chroma, chroma_steps)
    if subsample:  # decoders weigh the nearer sample by 3/4
        chroma = F.interpolate(chroma, scale_factor=2.0, mode="bilinear", align_corners=False).round()
    rgb = torch.einsum("dc,nchw->ndhw", x.new_tensor(_TO_RGB), torch.cat([luma, chroma], 1))
    return rgb[..., down : down + height, right : right + width].round().clamp(0, 255)


def quantisation(quality: Tensor) -> tuple[Tensor, Tensor]:
    """Return the steps of quantisation of luma and of chroma, N×8×8 each, as libjpeg scales its tables.

    Args:
        quality: N, 1 to 100.
    """
    scale = torch.where(quality < 50, 5000 / quality, 200 - 2 * quality)[:, None, None]
    tables = (quality.new_tensor(table).view(1, BLOCK, BLOCK) for table in (_LUMA, _CHROMA))
    luma, chroma = (((table * scale + 50) / 100).floor().clamp(1, 255) for table in tables)
    return luma, chroma


def _coded(x: Tensor, steps: Tensor) -> Tensor:
    """Quantise the cosine transform of every block of N×C×H×W; levels around 0, rounded and clipped as decoders do."""
    n, c, height, width = x.shape
    waves = cosines(x)
    blocks = x.reshape(n, c, height // BLOCK, BLOCK, width // BLOCK, BLOCK).transpose(3, 4)
    spectrum = waves @ blocks @ waves.T
    steps = steps[:, None, None, None]
    blocks = waves.T @ ((spectrum / steps).round() * steps) @ waves
    return blocks.transpose(3, 4).reshape(n, c, height, width).round().clamp(-128, 127)


def cosines(like: Tensor) -> Tensor:
    """Return the orthonormal cosine transform of eight values, 8×8, on the device of `like`."""
    k = torch.arange(BLOCK, device=like.device, dtype=like.dtype)
    matrix = torch.cos(math.pi / BLOCK * k[:, None] * (k + 0.5)) / 2
    return torch.cat([matrix[:1] / math.sqrt(2), matrix[1:]])
