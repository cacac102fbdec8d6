"""JPEG's loss on batches of tensors: DCT, quantisation and colour subsampling, without the entropy coding."""

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
_BLOCK = 8
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
    scale = torch.where(quality < 50, 5000 / quality, 200 - 2 * quality)[:, None, None, None]
    luma = _coded(ycc[:, :1] - 128, _table(_LUMA, scale)) + 128
    chroma = F.avg_pool2d(ycc[:, 1:], 2).round() if subsample else ycc[:, 1:]
    chroma = _coded(chroma, _table(_CHROMA, scale))
    if subsample:  # decoders weigh the nearer sample by 3/4
        chroma = F.interpolate(chroma, scale_factor=2.0, mode="bilinear", align_corners=False).round()
    rgb = torch.einsum("dc,nchw->ndhw", x.new_tensor(_TO_RGB), torch.cat([luma, chroma], 1))
    return rgb[..., down : down + height, right : right + width].round().clamp(0, 255)


def _table(table: tuple[int, ...], scale: Tensor) -> Tensor:
    """Steps of quantisation, N×1×8×8; scale is in percent, N×1×1×1."""
    return ((scale.new_tensor(table).view(1, 1, 8, 8) * scale + 50) / 100).floor().clamp(1, 255)


def _coded(x: Tensor, steps: Tensor) -> Tensor:
    """Quantise the cosine transform of every block of N×C×H×W; levels around 0, rounded and clipped as decoders do."""
    n, c, height, width = x.shape
    cosines = _cosines(x)
    blocks = x.reshape(n, c, height // _BLOCK, _BLOCK, width // _BLOCK, _BLOCK).transpose(3, 4)
    spectrum = cosines @ blocks @ cosines.T
    steps = steps[:, :, None, None]
    blocks = cosines.T @ ((spectrum / steps).round() * steps) @ cosines
    return blocks.transpose(3, 4).reshape(n, c, height, width).round().clamp(-128, 127)


def _cosines(like: Tensor) -> Tensor:
    """The orthonormal cosine transform of eight values, 8×8."""
    k = torch.arange(_BLOCK, device=like.device, dtype=like.dtype)
    matrix = torch.cos(math.pi / _BLOCK * k[:, None] * (k + 0.5)) / 2
    return torch.cat([matrix[:1] / math.sqrt(2), matrix[1:]])
