"""What a set cannot be: no training shows all that real sets are, and some guesses are wrong by arithmetic alone."""

import torch
from torch import Tensor

from stylefuse.tasks.fuse.edges import edge_agreement

# Edges that agree more than this are the same: brackets, made and real ones, were above 0.42; damaged sets below
# 0.39, and below 0.1 with fills that no training saw.
SAME = 0.4
# Mean range of R, G and B of a picture, in [0, 1]: up to the first it is grey, with what JPEG leaves of colour; from
# the second on it is coloured. Of 155 real sets the least coloured picture has 0.016, and grey ones have none.
GREY, COLOURED = 1.5 / 255, 3.5 / 255
# Nearer than this to black or white, in [0, 1], a pixel has lost its colour.
CLIPPED = 4 / 255


def mask_impossible_modes(x: Tensor, logits: Tensor, damage: int, sensors: int) -> Tensor:
    """Logits of modes, N×m, with those at minus infinity that a set cannot have.

    - Pictures whose edges are the same are not damaged: real brackets show more light than a photo that training
      makes them from; a window in a dark room is black and white in turns, and passed for damage.
    - Grey beside coloured pictures are of different sensors, and where all have colour they are not: there is no
      colour in warmth or in bone.

    Args:
        x: N×n×3×H×W in [-1, 1].
        damage, sensors: at which index these modes are.
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
    """N×n each: surely coloured, surely grey. Every fourth pixel tells enough, and none that is black or white."""
    unit = (x[..., ::4, ::4].float() + 1) / 2
    lightest, darkest = unit.amax(2), unit.amin(2)
    tells = (lightest > CLIPPED) & (darkest < 1 - CLIPPED)
    colour = ((lightest - darkest) * tells).sum((2, 3)) / tells.sum((2, 3)).clamp_min(1)
    return colour > COLOURED, (colour < GREY) & tells.flatten(2).any(2)
