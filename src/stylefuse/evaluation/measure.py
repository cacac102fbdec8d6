"""The numbers of the evaluation, from networks and held-out pictures. No Kedro, no MLflow, no files."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from tqdm import tqdm

from stylefuse.evaluation.heldout import HeldOut, Twins
from stylefuse.evaluation.restyled import (
    content_kept,
    distances,
    in_batches,
    judged,
    look,
    truth_met,
)
from stylefuse.evaluation.settings import Settings
from stylefuse.metrics import content
from stylefuse.metrics import judge as judging

PLACES = 64  # of patch retrieval: chance is 1/64


@dataclass(frozen=True)
class Networks:
    """What is measured, and what it is measured with; all on `device`, in eval mode.

    styles: names of the generator's rows, "photo" first. judge_classes, classifier_classes: at which class of
    the judge and of the classifier each of `styles` is found.
    """

    generator: nn.Module
    judge: nn.Module
    classifier: nn.Module
    styles: list[str]
    judge_classes: list[int]
    classifier_classes: list[int]
    device: torch.device
    inception: nn.Module | None = None


def restyle(networks: Networks, photos: Tensor, mix: dict[int, float], size: int) -> Tensor:
    """G(photos, s) for one mix of styles, {row: weight} with weights summing to one; N×3×H×W on the CPU."""
    row = torch.zeros(1, len(networks.styles), device=networks.device)
    for index, weight in mix.items():
        row[0, index] = weight
    return in_batches(
        lambda x: networks.generator(x, row.expand(len(x), -1)).clamp(-1, 1), photos, size, networks.device
    )


def measure(
    networks: Networks, pictures: HeldOut, twins: dict[str, Twins], options: Settings
) -> dict[str, Any]:
    """Measure every style of the generator on held-out pictures.

    Args:
        twins: by style, where the truth is known.

    Returns:
        Nested dictionary of plain numbers, strings and None: "styles" (see `_measure_style`), "identity",
        "not_collapsed", "judge_confusion".
    """
    run = partial(in_batches, size=options.batch_size, device=networks.device)
    photos = look(networks.judge, networks.inception, run, pictures.photos)
    fakes, reals, results = {}, {}, {}
    for index, style in enumerate(tqdm(networks.styles[1:], "styles", mininterval=5), start=1):
        restyled = restyle(networks, pictures.photos, {index: 1.0}, options.batch_size)
        fakes[style] = look(networks.judge, networks.inception, run, restyled)
        reals[style] = look(networks.judge, networks.inception, run, pictures.paintings[style])
        results[style] = {
            "judge": judged(networks.judge_classes[index], fakes[style], photos, reals[style]),
            "classifier": _training_signal(networks, run, index, restyled, fakes[style]),
            "distances": distances(fakes[style], photos, reals[style], options),
            "content": _content(networks, run, pictures.photos, restyled, options.seed),
            "truth": _truth(networks, index, twins.get(style), options.batch_size),
        }
    same = restyle(networks, pictures.photos, {0: 1.0}, options.batch_size)
    return {
        "styles": results,
        "identity": {
            "psnr": float(content.psnr(pictures.photos, same).mean()),
            "judge_accuracy_photos": judging.accuracy(photos["logits"], networks.judge_classes[0]),
        },
        "not_collapsed": _variety(fakes, reals),
        "judge_confusion": _confusion(networks, photos, fakes, reals),
    }


def _training_signal(networks: Networks, run: Callable, index: int, restyled: Tensor, fake: dict) -> dict:
    """C's accuracy on fakes, which G was trained to raise, and by how much it exceeds the judge's."""
    target = networks.classifier_classes[index]
    accuracy = judging.accuracy(run(networks.classifier, restyled), target)
    gap = accuracy - judging.accuracy(fake["logits"], networks.judge_classes[index])
    return {"training_signal_accuracy_fakes": accuracy, "gap_to_judge": gap}


def _content(
    networks: Networks, run: Callable, photos: Tensor, restyled: Tensor, seed: int
) -> dict[str, Any]:
    """Content scores, and how many places of a photo G's own encoder finds again."""
    levels = [run(lambda x: networks.generator.features(x)[-1].flatten(2), z) for z in (restyled, photos)]
    places = levels[0].shape[2]
    chosen = torch.randperm(places, generator=torch.Generator().manual_seed(seed))[:PLACES]
    queries, keys = (z[:, :, chosen].transpose(1, 2) for z in levels)
    return {
        **content_kept(photos, restyled),
        "patch_retrieval": content.patch_retrieval(queries, keys),
        "patch_retrieval_chance": 1 / len(chosen),
    }


def _truth(networks: Networks, index: int, twins: Twins | None, size: int) -> dict[str, Any]:
    """G(twin, s) against the painted twin."""
    restyled = None if twins is None else restyle(networks, twins.clean, {index: 1.0}, size)
    return truth_met(restyled, twins)


def _variety(fakes: dict[str, dict], reals: dict[str, dict]) -> dict[str, Any]:
    """Do styles differ, and pictures within a style? In judge features, beside real paintings."""
    fake, real = ([seen["judge"] for seen in sets.values()] for sets in (fakes, reals))
    ratios = {}
    for style, a, b in zip(fakes, fake, real, strict=True):
        varied = min(len(a), len(b)) >= 2 and float(b.var(dim=0).sum()) > 0
        ratios[style] = judging.variance_ratio(a, b) if varied else None
    return {
        "same_photo_between_styles": judging.paired_separation(fake),
        "separation_fakes": judging.style_separation(fake),
        "separation_paintings": judging.style_separation(real),
        "variance_ratio": ratios,
    }


def _confusion(networks: Networks, photos: dict, fakes: dict[str, dict], reals: dict[str, dict]) -> dict:
    """The judge's confusion on real pictures and on fakes: row = true (or wished) style, column = answer."""
    order = sorted(networks.judge_classes)

    def table(sets: dict[int, dict]) -> list[list[int]]:
        # Columns of classes that the generator has no row for are left out of the choice.
        logits = torch.cat([seen["logits"][:, order] for seen in sets.values()])
        target = torch.cat([torch.full((len(s["logits"]),), order.index(c)) for c, s in sets.items()])
        counts = judging.confusion(logits, target, len(order))
        own = [order.index(c) for c in networks.judge_classes]
        return counts[own][:, own].tolist()

    classes = networks.judge_classes[1:]
    real = {networks.judge_classes[0]: photos, **dict(zip(classes, reals.values(), strict=True))}
    return {
        "styles": networks.styles,
        "real": table(real),
        "fakes": table(dict(zip(classes, fakes.values(), strict=True))),
    }
