"""Remove noise and JPEG's traces classically: small DCT coefficients of overlapping blocks become zero."""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from stylefuse.tasks.restore.jpeg import BLOCK, cosines, quantisation

# Coefficients below this multiple of the noise's deviation are noise (Yaroslavsky et al. 2001).
OF_NOISE = 2.7
# Coefficients below this share of JPEG's quantisation step may have been any smaller value.
OF_STEP = 0.35
# Blocks begin at these rows and columns, and at every eighth from there: an eighth of all places, evenly spread.
SHIFTS = tuple((y, x) for y in range(0, BLOCK, 2) for x in range(y % 4, BLOCK, 4))
# Red, green and blue to brightness and two differences of colours, in which photos vary less; orthonormal.
_COLOURS = (
    tuple(each / math.sqrt(3) for each in (1, 1, 1)),
    tuple(each / math.sqrt(2) for each in (1, 0, -1)),
    tuple(each / math.sqrt(6) for each in (1, -2, 1)),
)
# What a step of JPEG's luma and chroma is in these.
_LUMA_STEP, _CHROMA_STEP = math.sqrt(3), 1.55


def shrink(x: Tensor, noise: Tensor, compression: Tensor) -> Tensor:
    """Clean pictures by translation-invariant hard thresholding (Coifman and Donoho 1995) in the DCT domain.

    Args:
        x: N×3×H×W in [-1, 1].
        noise, compression: N, see `network.Levels`.

    Returns:
        N×3×H×W float32; equal to `x` where both are 0. Blocks start at the picture's corner: a part of a picture that
        begins at a multiple of `BLOCK` gives the same result, `BLOCK` px from its border.
    """
    with torch.autocast(x.device.type, enabled=False):
        x = x.float()
        damaged = (noise > 0) | (compression > 0)
        if not damaged.any():
            return x
        out = x.clone()
        out[damaged] = _shrink(x[damaged], thresholds(noise[damaged], compression[damaged]))
        return out


def thresholds(noise: Tensor, compression: Tensor) -> Tensor:
    """Return the size below which each coefficient becomes zero, N×192×1, of pictures in [-1, 1]; 0 for means."""
    luma, chroma = (each.flatten(1) for each in quantisation((100 * (1 - compression)).clamp_min(1)))
    steps = torch.cat([_LUMA_STEP * luma, *[_CHROMA_STEP * chroma] * 2], 1) * (compression > 0)[:, None]
    found = ((OF_NOISE * noise[:, None]) ** 2 + (OF_STEP * steps) ** 2).sqrt() / 127.5
    found[:, :: BLOCK**2] = 0
    return found[:, :, None]


def _shrink(x: Tensor, smallest: Tensor) -> Tensor:
    basis = _basis(x)
    height, width = x.shape[2:]
    x = F.pad(x, (BLOCK, BLOCK - width % -BLOCK, BLOCK, BLOCK - height % -BLOCK), mode="replicate")
    tall, wide = (side - BLOCK for side in x.shape[2:])
    total = torch.zeros_like(x)
    for top, left in SHIFTS:
        place = (..., slice(top, top + tall), slice(left, left + wide))
        found = basis @ F.pixel_unshuffle(x[place], BLOCK).flatten(2)
        kept = basis.T @ torch.where(found.abs() >= smallest, found, 0.0)
        total[place] += F.pixel_shuffle(kept.unflatten(2, (tall // BLOCK, wide // BLOCK)), BLOCK)
    return total[..., BLOCK : BLOCK + height, BLOCK : BLOCK + width] / len(SHIFTS)


def _basis(like: Tensor) -> Tensor:
    """Orthonormal, 192×192: the coefficients of a block's pixels, of one mixture of colours after the other."""
    waves = cosines(like)
    return torch.kron(like.new_tensor(_COLOURS), torch.kron(waves, waves))
