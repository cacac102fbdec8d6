"""Compare a set of restyled photos with paintings, beside two baselines that make the distance readable."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from stylefuse.metrics.distribution import bootstrap, normalised_score

Distance = Callable[[Tensor, Tensor], float]


def compare_sets(
    distance: Distance, fake: Tensor, photo: Tensor, paintings: Tensor, halvings: int, repeats: int, seed: int
) -> dict[str, Any]:
    """Measure how far restyled photos, untouched photos and one half of the paintings are from the other half.

    The paintings are halved at random. Restyled photos, photos and the first half, each cut to n pictures, are
    compared with n pictures of the second half, and the distances are averaged over `halvings` halvings. Some
    distances are biased in small sets; with equal n the bias is the same in all three and mostly cancels in the
    score.

    Args:
        distance: between N×d and M×d features.
        fake, photo: N×d features of restyled and of untouched photos; row i of both comes from photo i.
        paintings: M×d features of held-out paintings.
        halvings: random halvings to average over.
        repeats: redraws of the bootstrap interval.
        seed: of halvings and redraws.

    Returns:
        "fake", "photo", "half": the distances; "low", "high": 90 % interval of "fake"; "score", "score_low",
        "score_high": see `normalised_score`, None where there is no score; "reason": why there is none, else "";
        "n": pictures a set. With too few pictures all but "n" and "reason" are None.
    """
    names = ("fake", "low", "high", "photo", "half", "score", "score_low", "score_high")
    n = min(len(fake), len(paintings) // 2)
    if n < 2:
        reason = f"{len(fake)} photos and {len(paintings)} paintings are held out; 2 and 4 are needed"
        return {**dict.fromkeys(names), "n": n, "reason": reason}
    generator = torch.Generator().manual_seed(seed)
    rows = []
    for _ in range(halvings):
        order = torch.randperm(len(paintings), generator=generator)
        first, second = paintings[order[:n]], paintings[order[n : 2 * n]]
        chosen = torch.randperm(len(fake), generator=generator)[:n]
        rows.append([distance(x, second) for x in (fake[chosen], photo[chosen], first)])
    at_fake, at_photo, at_half = torch.tensor(rows, dtype=torch.float64).mean(dim=0).tolist()
    low, high = bootstrap(distance, fake, paintings, repeats, seed, centre=at_fake)
    score = normalised_score(at_photo, at_fake, at_half)
    return {
        "fake": at_fake,
        "low": low,
        "high": high,
        "photo": at_photo,
        "half": at_half,
        "score": score.value,
        # A larger distance is a lower score; the baselines are held fixed.
        "score_low": normalised_score(at_photo, high, at_half).value,
        "score_high": normalised_score(at_photo, low, at_half).value,
        "n": n,
        "reason": score.reason,
    }
