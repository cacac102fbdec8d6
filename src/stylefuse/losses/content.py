"""Content losses: one-sided terms without a cycle, which leave colours and strokes free to change."""

import torch
from torch import Tensor
from torch.nn import functional as F

from stylefuse.images.luma import batch_luma


def patch_nce_loss(queries: Tensor, keys: Tensor, temperature: float = 0.07) -> Tensor:
    """PatchNCE: a place of G(x) should resemble the same place of x, not other places (Park et al. 2020, eq. 3).

    Args:
        queries, keys: N×P×D features of G(x) and of x at the same P places; keys get no gradient.
    """
    queries, keys = F.normalize(queries.float(), dim=2), F.normalize(keys.detach().float(), dim=2)
    logits = queries @ keys.transpose(1, 2) / temperature
    places = torch.arange(logits.shape[1], device=logits.device).expand(logits.shape[:2])
    return F.cross_entropy(logits.flatten(0, 1), places.flatten())


def low_pass_luma_loss(fake: Tensor, photo: Tensor, pool: int = 8) -> Tensor:
    """L1 between the luma of G(x) and of x, averaged over pool×pool pixels and standardised.

    The low-pass is that of adaptive-style-transfer (Sanakoyeu et al. 2018, eq. 6). Luma is standardised (zero mean and
    unit deviation in each picture), because plain luma works against every style with a light ground.

    Args:
        fake, photo: N×3×H×W in [-1, 1].
    """
    return F.l1_loss(_standardised_luma(fake, pool), _standardised_luma(photo, pool))


def _standardised_luma(pictures: Tensor, pool: int) -> Tensor:
    luma = F.avg_pool2d(batch_luma(pictures), pool)
    variance, mean = torch.var_mean(luma, dim=(2, 3), keepdim=True, correction=0)
    # Epsilon must be small: with 0.1 a picture could lower the loss by losing contrast.
    return (luma - mean) / (variance + 0.02**2).sqrt()


def feature_content_loss(fake: list[Tensor], photo: list[Tensor]) -> Tensor:
    """L1 between instance-normalised feature maps of G(x) and of x, mean over maps.

    Normalisation removes mean and deviation of each channel, which describe the style (Huang & Belongie 2017).

    Args:
        fake, photo: N×C×h×w maps; photo's get no gradient.
    """
    pairs = zip(fake, photo, strict=True)
    terms = [F.l1_loss(_standardised(f.float()), _standardised(p.detach().float())) for f, p in pairs]
    return torch.stack(terms).mean()


def _standardised(maps: Tensor) -> Tensor:
    """Normalise over height and width; `F.instance_norm` would copy channels_last tensors to another layout."""
    centred = maps - maps.mean(dim=(2, 3), keepdim=True)
    return centred * (centred.square().mean(dim=(2, 3), keepdim=True) + 1e-5).rsqrt()
