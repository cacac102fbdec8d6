"""Mask fusion modes that simple image statistics rule out.

Training does not show every kind of real set, so the guessed mode is checked against edges and colour.
"""

import torch
from torch import Tensor

from stylefuse.tasks.fuse.edges import edge_agreement

# Edge agreement above which the pictures have the same edges. Synthetic and real brackets were above 0.42, damaged
# sets below 0.39, and below 0.1 with fills that are not in training.
SAME = 0.4
# Mean range of R, G and B of a picture, in [0, 1]: up to the first it counts as grey (JPEG leaves some colour), above
# the second as coloured. In 155 real sets the least coloured picture has 0.016 and grey ones have 0.
GREY, COLOURED = 1.5 / 255, 3.5 / 255
# A pixel nearer than this to black or white, in [0, 1], is clipped and has lost its colour.
CLIPPED = 4 / 255


def mask_impossible_modes(x: Tensor, logits: Tensor, damage: int, sensors: int) -> Tensor:
    """Set the logits of modes that a set cannot have to minus infinity.

    - Pictures with the same edges are not damaged. (Without this rule a real bracket, whose window is black in one
      picture and white in another, was taken for damage.)
    - A set of grey and coloured pictures is from different sensors; a set of coloured pictures only is not, because
      infrared pictures and scans have no colour.

    Args:
        x: N×n×3×H×W in [-1, 1].
        logits: N×m.
        damage, sensors: indices of these two modes.

    Returns:
        N×m logits.
    """
    modes = torch.arange(logits.shape[1], device=logits.device)
    same = (edge_agreement(x) > SAME)[:, None]
    coloured, grey = _has_colour(x)
    all_coloured = coloured.all(1, keepdim=True)
    mixed = ((coloured | grey).all(1) & coloured.any(1) & grey.any(1))[:, None]
    ruled_out = (
        (same & (modes == damage)) | (all_coloured & (modes == sensors)) | (mixed & (modes != sensors))
    )
    return logits.masked_fill(ruled_out, float("-inf"))


def _has_colour(x: Tensor) -> tuple[Tensor, Tensor]:
    """Whether each picture is certainly coloured, and whether it is certainly grey: N×n booleans each.

    Looks at every fourth pixel in both directions and ignores clipped ones.
    """
    unit = (x[..., ::4, ::4].float() + 1) / 2
    lightest, darkest = unit.amax(2), unit.amin(2)
    tells = (lightest > CLIPPED) & (darkest < 1 - CLIPPED)
    colour = ((lightest - darkest) * tells).sum((2, 3)) / tells.sum((2, 3)).clamp_min(1)
    return colour > COLOURED, (colour < GREY) & tells.flatten(2).any(2)
