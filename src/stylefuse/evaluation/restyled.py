"""Scores of restyled pictures, whatever method made them: against the photos, real paintings, a known truth."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from stylefuse.evaluation.compare import compare_sets
from stylefuse.evaluation.heldout import Twins
from stylefuse.evaluation.settings import Settings
from stylefuse.images.luma import batch_luma
from stylefuse.metrics import classification, content
from stylefuse.metrics.distribution import frechet_distance, kernel_distance, sliced_wasserstein
from stylefuse.metrics.inception import set_distances
from stylefuse.metrics.similarity import psnr, ssim
from stylefuse.networks.judge import Judge


class Features(NamedTuple):
    """What the measuring networks make of a set of N pictures.

    logits: of the judge, N×(K+1).
    by_network: N×d features, "judge" and, if that network is given, "inception".
    """

    logits: Tensor
    by_network: dict[str, Tensor]


def extract_features(
    pictures: Tensor,
    judge: Judge,
    batch_size: int,
    device: torch.device | str = "cpu",
    inception: nn.Module | None = None,
) -> Features:
    """Run the judge, and Inception if it is given, over N×3×H×W pictures in [-1, 1]."""
    run = partial(in_batches, pictures=pictures, batch_size=batch_size, device=device)
    logits, features = run(judge), {"judge": run(judge.embed)}
    if inception is not None:
        features["inception"] = run(inception)
    return Features(logits, features)


def score_style(
    restyled: Features, photos: Features, paintings: Features, judge_class: int, settings: Settings
) -> dict[str, dict[str, Any]]:
    """Score how well restyled photos pass for paintings of one style.

    Args:
        restyled, photos: row i of both comes from photo i.
        paintings: held-out paintings of the style.
        judge_class: index of the style among the judge's classes.

    Returns:
        "judge": the judge's accuracy and mean probability of the style on each of the three sets.
        "distances": by name, what `compare_sets` gives; "all" is torchmetrics' number over all pictures of both sets.
    """
    judge = {}
    for name, each in (("fakes", restyled), ("paintings", paintings), ("photos", photos)):
        judge[f"accuracy_{name}"] = classification.accuracy(each.logits, judge_class)
        judge[f"probability_{name}"] = classification.mean_probability(each.logits, judge_class)
    return {"judge": judge, "distances": _distances(restyled, photos, paintings, settings)}


def score_content(photos: Tensor, restyled: Tensor) -> dict[str, float | None]:
    """Compare restyled photos with the photos: SSIM and edge correlation, N×3×H×W in [-1, 1] each.

    Beside each score stands the floor: the score against the photo of another picture; None for a single photo.
    """
    wrong = photos.roll(1, dims=0) if len(photos) > 1 else None
    scores: dict[str, float | None] = {}
    for name, metric in (("ssim", content.luma_ssim), ("edge_correlation", content.edge_correlation)):
        scores[name] = float(metric(photos, restyled).mean())
        scores[f"{name}_wrong_photo"] = None if wrong is None else float(metric(wrong, restyled).mean())
    return scores


def score_truth(restyled: Tensor | None, twins: Twins | None) -> dict[str, Any]:
    """Compare restyled clean twins with the painted ones: PSNR and SSIM of luma, beside those of the untouched twins.

    Args:
        restyled: `twins.clean` in the style, N×3×H×W in [-1, 1]; None where there are no twins.
    """
    if twins is None or restyled is None:
        return {
            "pictures": 0,
            "reason": "not computed: paintings with a known clean twin are in the sample only",
        }

    def plain_ssim(a: Tensor, b: Tensor) -> float:
        return float(ssim(batch_luma(a) + 1, batch_luma(b) + 1, 2.0).mean())

    return {
        "pictures": len(twins.clean),
        "psnr": float(psnr(restyled, twins.painted).mean()),
        "psnr_untouched": float(psnr(twins.clean, twins.painted).mean()),
        "ssim": plain_ssim(restyled, twins.painted),
        "ssim_untouched": plain_ssim(twins.clean, twins.painted),
    }


def in_batches(
    function: Callable[[Tensor], Tensor],
    pictures: Tensor,
    batch_size: int,
    device: torch.device | str = "cpu",
) -> Tensor:
    """Apply a function to `batch_size` pictures at a time on `device`; return the joined results on the CPU."""
    parts = []
    with torch.inference_mode():
        for batch in pictures.split(batch_size):
            batch = batch.to(device, memory_format=torch.channels_last)
            parts.append(function(batch).float().cpu())
    return torch.cat(parts)


def _distances(
    restyled: Features, photos: Features, paintings: Features, settings: Settings
) -> dict[str, dict]:
    sliced = partial(sliced_wasserstein, directions=settings.directions, seed=settings.seed)
    plan: list[tuple[str, str, Any]] = [
        ("sw_judge", "judge", sliced),
        ("kid_judge", "judge", kernel_distance),
        ("frechet_judge", "judge", frechet_distance),
    ]
    if "inception" in restyled.by_network:
        plan += [("kid", "inception", kernel_distance), ("fid", "inception", frechet_distance)]
    results = {
        name: compare_sets(
            distance,
            restyled.by_network[network],
            photos.by_network[network],
            paintings.by_network[network],
            halvings=settings.halvings,
            repeats=settings.bootstrap_repeats,
            seed=settings.seed,
        )
        for name, network, distance in plan
    }
    fakes: Any
    reals: Any
    for network, frechet, kernel in (("judge", "frechet_judge", "kid_judge"), ("inception", "fid", "kid")):
        fakes, reals = (each.by_network.get(network, ()) for each in (restyled, paintings))
        if min(len(fakes), len(reals)) >= 2:
            whole = set_distances(fakes, reals, settings.seed)
            results[frechet]["all"] = whole["frechet"]
            results[kernel]["all"] = whole["kernel"]
    return results
