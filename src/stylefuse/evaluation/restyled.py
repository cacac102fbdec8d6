"""The numbers of restyled pictures, whatever restyled them: against the photos, real paintings, a known truth."""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from stylefuse.evaluation.compare import compare_sets
from stylefuse.evaluation.heldout import Twins
from stylefuse.evaluation.settings import Settings
from stylefuse.metrics import content
from stylefuse.metrics import judge as judging
from stylefuse.metrics.distribution import frechet_distance, kernel_distance, sliced_wasserstein
from stylefuse.metrics.inception import set_distances


def in_batches(function: Callable[[Tensor], Tensor], pictures: Tensor, size: int, device="cpu") -> Tensor:
    """Apply `function` to `size` pictures at a time on `device`; the results joined, on the CPU."""
    parts = []
    with torch.inference_mode():
        for batch in pictures.split(size):
            batch = batch.to(device, memory_format=torch.channels_last)
            parts.append(function(batch).float().cpu())
    return torch.cat(parts)


def look(judge: nn.Module, inception: nn.Module | None, run: Callable, pictures: Tensor) -> dict[str, Tensor]:
    """What the judge, and Inception where there is one, see in a set of pictures.

    Args:
        run: applies a network to N×3×H×W pictures, as `in_batches` does.
    """
    seen = {"logits": run(judge, pictures), "judge": run(judge.embed, pictures)}
    if inception is not None:
        seen["inception"] = run(inception, pictures)
    return seen


def judged(target: int, fake: dict, photo: dict, real: dict) -> dict[str, float]:
    """The judge's accuracy and mean probability of the style: fakes, real paintings, untouched photos."""
    result = {}
    for name, seen in (("fakes", fake), ("paintings", real), ("photos", photo)):
        result[f"accuracy_{name}"] = judging.accuracy(seen["logits"], target)
        result[f"probability_{name}"] = judging.mean_probability(seen["logits"], target)
    return result


def distances(fake: dict, photo: dict, real: dict, options: Settings) -> dict[str, dict]:
    """Every distance beside its baselines; "all" is torchmetrics' number over all pictures of both sets."""
    sliced = partial(sliced_wasserstein, directions=options.directions, seed=options.seed)
    plan = [
        ("sw_judge", "judge", sliced),
        ("kid_judge", "judge", kernel_distance),
        ("frechet_judge", "judge", frechet_distance),
    ]
    if "inception" in fake:
        plan += [("kid", "inception", kernel_distance), ("fid", "inception", frechet_distance)]
    results = {
        name: compare_sets(
            distance,
            *(seen[features] for seen in (fake, photo, real)),
            halvings=options.halvings,
            repeats=options.bootstrap_repeats,
            seed=options.seed,
        )
        for name, features, distance in plan
    }
    for features, frechet, kernel in (("judge", "frechet_judge", "kid_judge"), ("inception", "fid", "kid")):
        if features in fake and min(len(fake[features]), len(real[features])) >= 2:
            whole = set_distances(fake[features], real[features], options.seed)
            results[frechet]["all"] = whole["frechet"]
            results[kernel]["all"] = whole["kernel"]
    return results


def content_kept(photos: Tensor, restyled: Tensor) -> dict[str, float | None]:
    """Content scores of fakes beside those of the wrong photo: what two unrelated pictures would get."""
    wrong = photos.roll(1, dims=0) if len(photos) > 1 else None
    return {
        "ssim": float(content.luma_ssim(photos, restyled).mean()),
        "ssim_wrong_photo": None if wrong is None else float(content.luma_ssim(wrong, restyled).mean()),
        "edge_correlation": float(content.edge_correlation(photos, restyled).mean()),
        "edge_correlation_wrong_photo": None
        if wrong is None
        else float(content.edge_correlation(wrong, restyled).mean()),
    }


def truth_met(restyled: Tensor | None, twins: Twins | None) -> dict[str, Any]:
    """The restyled clean twins against the painted ones, beside the floor: untouched. Plain luma SSIM and PSNR."""
    if twins is None or restyled is None:
        return {
            "pictures": 0,
            "reason": "not computed: paintings with a known clean twin are in the sample only",
        }

    def ssim(a: Tensor, b: Tensor) -> float:
        return float(content.ssim(content.luma(a) + 1, content.luma(b) + 1, 2.0).mean())

    return {
        "pictures": len(twins.clean),
        "psnr": float(content.psnr(restyled, twins.painted).mean()),
        "psnr_untouched": float(content.psnr(twins.clean, twins.painted).mean()),
        "ssim": ssim(restyled, twins.painted),
        "ssim_untouched": ssim(twins.clean, twins.painted),
    }
