"""Mask fusion modes that simple image statistics rule out.

Training does not show every kind of real set, so the guessed mode is checked against edges, tones and colour.
"""

import torch
from torch import Tensor

from stylefuse.tasks.fuse.edges import edge_agreement
from stylefuse.tasks.fuse.tones import luma_of, on_black, shared_texture, tone_agreement

# Edge agreement above which the pictures have the same edges. Synthetic and real brackets were above 0.42, damaged
# sets below 0.39, and below 0.1 with fills that are not in training.
SAME = 0.4
# Tone agreement: above the first, a set shows one scene in one kind of light; below the second, it does not. Focus,
# noise and exposure were above 0.83, sensors and damage below 0.6 (synthetic infrared may follow a curve).
ONE_LIGHT, OTHER_LIGHT = 0.75, 0.7
# Share of textured pixels that are the same, above which a set has intact places in common: 0.003 at most between
# sensors. Share of the border that is black in scans: 0.78 at least, 0.43 at most in damaged sets.
INTACT, SCANS = 0.01, 0.6
# Mean range of R, G and B of a picture, in [0, 1]: up to the first it counts as grey (JPEG leaves some colour), above
# the second as coloured. In 155 real sets the least coloured picture has 0.016 and grey ones have 0.
GREY, COLOURED = 1.5 / 255, 3.5 / 255
# A pixel nearer than this to black or white, in [0, 1], is clipped and has lost its colour.
CLIPPED = 4 / 255


def mask_impossible_modes(x: Tensor, logits: Tensor, damage: int, sensors: int) -> Tensor:
    """Set the logits of modes that a set cannot have to minus infinity.

    - Pictures with the same edges are not damaged. (Without this rule a real bracket, whose window is black in one
      picture and white in another, was taken for damage.)
    - Pictures whose tones follow one curve are not from different sensors. Grey ones whose tones do not, nor their
      edges, are neither focus, exposure nor noise. (Without this rule CT and MRI were taken for noise or damage.)
    - Pictures with intact places in common are not from different sensors; grey scans, on black, without any are.
    - A set of grey and coloured pictures is from different sensors, whatever their tones; a set of coloured pictures
      only is not, because infrared pictures and scans have no colour.

    Args:
        x: N×n×3×H×W in [-1, 1].
        logits: N×m.
        damage, sensors: indices of these two modes.

    Returns:
        N×m logits.
    """
    modes = torch.arange(logits.shape[1], device=logits.device)
    same = (edge_agreement(x) > SAME)[:, None]
    luma = luma_of(x)
    # NaN, a set too flat to tell, is neither.
    tones = torch.from_numpy(tone_agreement(luma)).to(logits.device)[:, None]
    intact = (shared_texture(luma) > INTACT)[:, None]
    scans = (on_black(luma) > SCANS)[:, None] & (tones < OTHER_LIGHT) & ~intact
    coloured, grey = _has_colour(x)
    all_coloured = coloured.all(1, keepdim=True)
    mixed = ((coloured | grey).all(1) & coloured.any(1) & grey.any(1))[:, None]
    not_sensors = all_coloured | (((tones > ONE_LIGHT) | intact) & ~mixed)
    not_damage = same | (scans & ~all_coloured)
    other_light = (tones < OTHER_LIGHT) & ~same & ~all_coloured
    ruled_out = (
        (not_damage & (modes == damage))
        | (not_sensors & (modes == sensors))
        | (other_light & (modes != damage) & (modes != sensors))
        | (mixed & (modes != sensors))
    )
    return logits.masked_fill(ruled_out, float("-inf"))


def look_like_scans(x: Tensor) -> Tensor:
    """Whether the pictures of sets N×n×3×H×W in [-1, 1] lie on black, as slices of CT, MRI and PET do: N booleans."""
    return on_black(luma_of(x)) > SCANS


def _has_colour(x: Tensor) -> tuple[Tensor, Tensor]:
    """Whether each picture is certainly coloured, and whether it is certainly grey: N×n booleans each.

    Looks at every fourth pixel in both directions and ignores clipped ones.
    """
    unit = (x[..., ::4, ::4].float() + 1) / 2
    lightest, darkest = unit.amax(2), unit.amin(2)
    tells = (lightest > CLIPPED) & (darkest < 1 - CLIPPED)
    colour = ((lightest - darkest) * tells).sum((2, 3)) / tells.sum((2, 3)).clamp_min(1)
    return colour > COLOURED, (colour < GREY) & tells.flatten(2).any(2)
