"""What keeps the content: one-sided terms, no cycle, so that colours and strokes are free to move."""

import torch
from torch import Tensor
from torch.nn import functional as F

from stylefuse.images.luma import batch_luma


def patch_nce_loss(queries: Tensor, keys: Tensor, temperature: float = 0.07) -> Tensor:
    """Contrastive patches: a place of G(x) should resemble that place of x, not others (Park et al. 2020, eq. 3).

    Args:
        queries, keys: N×P×D features of G(x) and of x at the same P places; keys get no gradient.
    """
    queries, keys = F.normalize(queries.float(), dim=2), F.normalize(keys.detach().float(), dim=2)
    logits = queries @ keys.transpose(1, 2) / temperature
    places = torch.arange(logits.shape[1], device=logits.device).expand(logits.shape[:2])
    return F.cross_entropy(logits.flatten(0, 1), places.flatten())


def low_pass_luma_loss(fake: Tensor, photo: Tensor, pool: int = 8) -> Tensor:
    """L1 between standardised luma of G(x) and x, averaged over pool×pool pixels.

    Low-pass as in adaptive-style-transfer (Sanakoyeu et al. 2018, eq. 6); standardised (zero mean, unit
    deviation a picture) because raw luma fights every style with a light ground.

    Args:
        fake, photo: N×3×H×W in [-1, 1].
    """
    return F.l1_loss(_standardised_luma(fake, pool), _standardised_luma(photo, pool))


def _standardised_luma(pictures: Tensor, pool: int) -> Tensor:
    luma = F.avg_pool2d(batch_luma(pictures), pool)
    variance, mean = torch.var_mean(luma, dim=(2, 3), keepdim=True, correction=0)
    # A small epsilon: with 0.1 a picture could lower the loss by fading out.
    return (luma - mean) / (variance + 0.02**2).sqrt()


def feature_content_loss(fake: list[Tensor], photo: list[Tensor]) -> Tensor:
    """L1 between instance-normalised feature maps of G(x) and x, averaged over maps.

    The norm takes out mean and deviation of each channel, which carry the style (Huang & Belongie 2017).

    Args:
        fake, photo: N×C×h×w maps; photo's get no gradient.
    """
    pairs = zip(fake, photo, strict=True)
    terms = [F.l1_loss(_standardised(f.float()), _standardised(p.detach().float())) for f, p in pairs]
    return torch.stack(terms).mean()


def _standardised(maps: Tensor) -> Tensor:
    """Zero mean, unit deviation over place; `F.instance_norm` copies layouts under channels_last."""
    centred = maps - maps.mean(dim=(2, 3), keepdim=True)
    return centred * (centred.square().mean(dim=(2, 3), keepdim=True) + 1e-5).rsqrt()
