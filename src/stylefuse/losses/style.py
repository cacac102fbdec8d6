"""Auxiliary losses of style on frozen features; the critics are the main signal."""

from torch import Tensor, cat, stack
from torch.nn import functional as F


def style_loss(logits: Tensor, style: Tensor) -> Tensor:
    """CE(C(G(x, s)), s) with label smoothing 0.1, so that G gains nothing from making C more and more certain.

    Args:
        logits: N×(K+1); style: N int64.
    """
    return F.cross_entropy(logits.float(), style, label_smoothing=0.1)


def moments_loss(moments: Tensor, wanted: Tensor, deviation: Tensor) -> Tensor:
    """L1 between the batch's mean moments of feature maps and those of the style's pictures.

    Means and deviations of features describe a style (Huang & Belongie 2017). Means over the batch are compared, so
    that each picture may keep its own.

    Args:
        moments: N×D, of generated pictures.
        wanted: D, the mean over the style's pictures.
        deviation: D, the units in which each moment is compared.
    """
    return ((moments.mean(0) - wanted) / deviation).abs().mean()


def nearest_features_loss(fake: list[Tensor], painted: list[Tensor], places: list[Tensor]) -> Tensor:
    """Distance of each place's features in G(x) to the nearest ones of paintings, and the other way round.

    The relaxed earth mover's distance of features (Kolkin et al. 2019, eqs. 3 and 4), over all pictures of a batch, of
    cosine distances from the paintings' mean; mean over maps. Moments say how often a feature occurs; this also says
    with which others.

    Args:
        fake, painted: N×C×h×w maps; the paintings' get no gradient.
        places: flat positions of each map, int64.
    """
    terms = []
    for one, other, at in zip(fake, painted, places, strict=True):
        known = _at(other.detach(), at)
        centre = known.mean(0)
        made = F.normalize(_at(one, at) - centre, dim=1)
        likeness = made @ F.normalize(known - centre, dim=1).T
        terms.append(1 - cat([likeness.amax(1).mean()[None], likeness.amax(0).mean()[None]]).amin())
    return stack(terms).mean()


def _at(maps: Tensor, places: Tensor) -> Tensor:
    return maps.float().flatten(2)[:, :, places].transpose(1, 2).flatten(0, 1)
