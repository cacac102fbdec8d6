"""Fuse slices of CT, MRI and PET by a fixed rule: the clearest detail, the brightest tissue, no glow on black."""

import torch
from torch import Tensor

from stylefuse.networks.pyramid import gaussian, laplacian, to_luma_chroma
from stylefuse.tasks.fuse.blend import Plan
from stylefuse.tasks.fuse.cues import against_set, band_energy
from stylefuse.tasks.fuse.impossible_modes import look_like_scans
from stylefuse.tasks.fuse.modes import MODES

# Pyramid levels, from the finest on, in which the picture with the most local energy is chosen; in coarser ones it is
# the brightest, because there energy is large around the head, too.
BANDS = 4
# Factors of log energy, of luma and of the amount of colour, each in [-1, 1], in the logits.
ENERGY, BRIGHTNESS, COLOUR = 8.0, 32.0, 30.0


def fuse_scans_by_rule(x: Tensor, plan: Plan) -> Plan:
    """Put the rule in place of the plan for sets of different sensors that lie on black.

    Args:
        x: the pictures, N×n×3×H×W in [-1, 1].
        plan: of them; other sets keep theirs.
    """
    scans = plan.mode[:, MODES.index("multimodal")] > 0.5
    if not scans.any() or not (scans := scans & look_like_scans(x)).any():
        return plan
    luma, chroma = _logits(x, len(plan.luma))

    def put(rule: Tensor | float, learned: Tensor) -> Tensor:
        return torch.where(scans.reshape(-1, *[1] * (learned.ndim - 1)), rule, learned)

    return plan._replace(
        tone=put(0.0, plan.tone),
        replace=put(0.0, plan.replace),
        luma=[put(rule, learned) for rule, learned in zip(luma, plan.luma, strict=True)],
        chroma=[put(rule, learned) for rule, learned in zip(chroma, plan.chroma, strict=True)],
        shrink=[put(0.0, each) for each in plan.shrink],
        repair=put(0.0, plan.repair),
        trust=put(ENERGY, plan.trust),
        bounded=scans[:, None, None, None],
    )


def _logits(x: Tensor, levels: int) -> tuple[list[Tensor], list[Tensor]]:
    """Logits of luma and chroma by the rule at each pyramid level, finest first, N×n×1×h×w each."""
    n = x.shape[1]
    colours = to_luma_chroma(x.flatten(0, 1).float())
    *bands, bright = laplacian(colours[:, :1], min(BANDS, levels - 1))
    luma = [ENERGY * against_set(band_energy(band), n) for band in bands]
    luma += [BRIGHTNESS * each for each in gaussian(bright, levels - len(bands))]
    chroma = [COLOUR * each for each in gaussian(colours[:, 1:].abs().sum(1, keepdim=True), levels)]
    return [each.unflatten(0, (-1, n)) for each in luma], [each.unflatten(0, (-1, n)) for each in chroma]
