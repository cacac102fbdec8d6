"""Measure a generator on held-out pictures: every number of the evaluation."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor
from tqdm import tqdm

from stylefuse.evaluation.heldout import HeldOut, Twins
from stylefuse.evaluation.networks import Networks, precision, restyle
from stylefuse.evaluation.restyled import (
    Features,
    extract_features,
    in_batches,
    score_content,
    score_style,
    score_truth,
)
from stylefuse.evaluation.settings import Settings
from stylefuse.evaluation.summary import NOT_COMPUTED, WITHOUT_INCEPTION, plain, summarise, warnings_of
from stylefuse.metrics import classification
from stylefuse.metrics.content import patch_retrieval
from stylefuse.metrics.similarity import psnr

PLACES = 64  # of patch retrieval: chance is 1/64


def evaluate(
    networks: Networks,
    pictures: HeldOut,
    twins: dict[str, Twins],
    settings: Settings,
    viewing: Sequence[dict[str, Any]] = (),
) -> dict[str, Any]:
    """Measure a generator and say what the numbers are worth.

    Args:
        twins: by style, where the truth is known.
        viewing: what `measure_views` found at viewing size, if that was measured.

    Returns:
        What `measure` returns, and "viewing", "summary", "warnings", "about" and "not_computed": nested plain numbers,
        strings and None, as JSON holds them.
    """
    measured = {**measure(networks, pictures, twins, settings), "viewing": viewing}
    return plain(
        {
            "summary": summarise(measured),
            "warnings": warnings_of(measured),
            **measured,
            "about": {
                "image_size": pictures.photos.shape[-1],
                "photos": len(pictures.photos),
                "paintings": {style: len(p) for style, p in pictures.paintings.items()},
                "seed": settings.seed,
                "device": networks.device.type,
                "precision": precision(networks.device),
            },
            "not_computed": {**({} if networks.inception else WITHOUT_INCEPTION), **NOT_COMPUTED},
        }
    )


def measure(
    networks: Networks, pictures: HeldOut, twins: dict[str, Twins], settings: Settings
) -> dict[str, Any]:
    """Measure every style of the generator on held-out pictures.

    Args:
        twins: by style, where the truth is known.

    Returns:
        "styles": by style "judge", "classifier", "distances", "content" and "truth"; "identity"; "not_collapsed";
        "judge_confusion". All are nested plain numbers, strings and None.
    """
    size = settings.batch_size
    extract = partial(
        extract_features,
        judge=networks.judge,
        batch_size=size,
        device=networks.device,
        inception=networks.inception,
    )
    photos = extract(pictures.photos)
    fakes, reals, results = {}, {}, {}
    for index, style in enumerate(tqdm(networks.styles[1:], "styles", mininterval=5), start=1):
        restyled = restyle(networks, pictures.photos, {index: 1.0}, size)
        fakes[style], reals[style] = extract(restyled), extract(pictures.paintings[style])
        scores = score_style(fakes[style], photos, reals[style], networks.judge_classes[index], settings)
        known = twins.get(style)
        results[style] = {
            "judge": scores["judge"],
            "classifier": _training_signal(networks, index, restyled, fakes[style], size),
            "distances": scores["distances"],
            "content": score_content(pictures.photos, restyled)
            | _patches_found(networks, pictures.photos, restyled, settings),
            "truth": score_truth(known and restyle(networks, known.clean, {index: 1.0}, size), known),
        }
    same = restyle(networks, pictures.photos, {0: 1.0}, size)
    return {
        "styles": results,
        "identity": {
            "psnr": float(psnr(pictures.photos, same).mean()),
            "judge_accuracy_photos": classification.accuracy(photos.logits, networks.judge_classes[0]),
        },
        "not_collapsed": _variety(fakes, reals),
        "judge_confusion": _confusion(networks, photos, fakes, reals),
    }


def _training_signal(
    networks: Networks, index: int, restyled: Tensor, fakes: Features, batch_size: int
) -> dict[str, float]:
    """Accuracy of C, which G was trained to raise, on restyled photos, and its lead over the judge's accuracy."""
    logits = in_batches(networks.classifier, restyled, batch_size, networks.device)
    accuracy = classification.accuracy(logits, networks.classifier_classes[index])
    gap = accuracy - classification.accuracy(fakes.logits, networks.judge_classes[index])
    return {"training_signal_accuracy_fakes": accuracy, "gap_to_judge": gap}


def _patches_found(
    networks: Networks, photos: Tensor, restyled: Tensor, settings: Settings
) -> dict[str, float]:
    """Share of places of a photo that G's own encoder finds again in the restyled one."""

    def deepest(x: Tensor) -> Tensor:
        return networks.generator.features(x)[-1].flatten(2)

    levels = [in_batches(deepest, x, settings.batch_size, networks.device) for x in (restyled, photos)]
    places = levels[0].shape[2]
    chosen = torch.randperm(places, generator=torch.Generator().manual_seed(settings.seed))[:PLACES]
    queries, keys = (z[:, :, chosen].transpose(1, 2) for z in levels)
    return {
        "patch_retrieval": patch_retrieval(queries, keys),
        "patch_retrieval_chance": 1 / len(chosen),
    }


def _variety(fakes: dict[str, Features], reals: dict[str, Features]) -> dict[str, Any]:
    """Distances between styles, and variance within each, in the judge's features, beside those of real paintings."""
    fake, real = ([each.by_network["judge"] for each in sets.values()] for sets in (fakes, reals))
    ratios = {}
    for style, a, b in zip(fakes, fake, real, strict=True):
        varied = min(len(a), len(b)) >= 2 and float(b.var(dim=0).sum()) > 0
        ratios[style] = classification.variance_ratio(a, b) if varied else None
    return {
        "same_photo_between_styles": classification.paired_separation(fake),
        "separation_fakes": classification.style_separation(fake),
        "separation_paintings": classification.style_separation(real),
        "variance_ratio": ratios,
    }


def _confusion(
    networks: Networks, photos: Features, fakes: dict[str, Features], reals: dict[str, Features]
) -> dict:
    """The judge's confusion on real pictures and on restyled ones: row = true (or wanted) style, column = answer."""
    order = sorted(networks.judge_classes)

    def table(sets: dict[int, Features]) -> list[list[int]]:
        # The judge chooses among the generator's styles only.
        logits = torch.cat([each.logits[:, order] for each in sets.values()])
        target = torch.cat([torch.full((len(s.logits),), order.index(c)) for c, s in sets.items()])
        counts = classification.confusion(logits, target, len(order))
        own = [order.index(c) for c in networks.judge_classes]
        return counts[own][:, own].tolist()

    classes = networks.judge_classes[1:]
    real = {networks.judge_classes[0]: photos, **dict(zip(classes, reals.values(), strict=True))}
    return {
        "styles": networks.styles,
        "real": table(real),
        "fakes": table(dict(zip(classes, fakes.values(), strict=True))),
    }
