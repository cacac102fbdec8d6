"""Average fusion plans that were computed at several scales: full size, half, a quarter and so on."""

from collections.abc import Sequence

import torch
from torch import Tensor

from stylefuse.networks.pyramid import down, up
from stylefuse.tasks.fuse.blend import Plan


def halve(x: Tensor) -> Tensor:
    """Halve the size of sets N×n×3×H×W, H and W even."""
    return down(x.flatten(0, 1)).unflatten(0, x.shape[:2])


def average_plans(plans: Sequence[Plan], share: Tensor) -> Plan:
    """Average the blending weights of all plans; keep everything else of the first.

    Args:
        plans: full size first, each at half the size of the one before; their borders may be padded.
        share: N in [0, 1], weight of the smaller plans: 0 for the first plan alone, 1 for the mean of all.
    """
    *larger, decided = plans
    for looks, plan in enumerate(reversed(larger), start=1):
        decided = _between(plan, decided, share * looks / (looks + 1))
    return decided


def _between(plan: Plan, smaller: Plan, share: Tensor) -> Plan:
    """Interpolate by N shares from a plan to one at half the size, whose pyramid starts one level lower."""
    share = share[:, None, None, None, None]

    def both(here: Tensor, other: Tensor) -> Tensor:
        return torch.lerp(here, other[..., : here.shape[-2], : here.shape[-1]], share)

    def levels(fine: list[Tensor], coarse: list[Tensor]) -> list[Tensor]:
        others = [_doubled(coarse[0]), *coarse[:-1]]
        return [both(here, other) for here, other in zip(fine, others, strict=True)]

    return plan._replace(
        replace=both(plan.replace, _doubled(smaller.replace)),
        luma=levels(plan.luma, smaller.luma),
        chroma=levels(plan.chroma, smaller.chroma),
    )


def _doubled(x: Tensor) -> Tensor:
    return up(x.flatten(0, 1)).unflatten(0, x.shape[:2])
