"""One plan from several: of a damaged set, of the same set at half the size, at a quarter, …"""

from collections.abc import Sequence

import torch
from torch import Tensor

from stylefuse.networks.pyramid import down, up
from stylefuse.tasks.fuse.blend import Plan


def halve(x: Tensor) -> Tensor:
    """Sets N×n×3×H×W, H and W even, at half the size."""
    return down(x.flatten(0, 1)).unflatten(0, x.shape[:2])


def average_plans(plans: Sequence[Plan], share: Tensor) -> Plan:
    """What to choose by the mean of all plans, the rest as the first of them has it.

    Args:
        plans: each at half the size of the one before; their borders may have been padded.
        share: N in [0, 1], how much the others count, 1 for as much as the first.
    """
    *larger, decided = plans
    for looks, plan in enumerate(reversed(larger), start=1):
        decided = _between(plan, decided, share * looks / (looks + 1))
    return decided


def _between(plan: Plan, smaller: Plan, share: Tensor) -> Plan:
    """The plan, moved by N shares towards one at half the size, whose levels are one further down."""
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
