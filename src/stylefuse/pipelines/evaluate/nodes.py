"""The node of `evaluate`: networks and held-out pictures in; numbers and a report out."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from stylefuse.networks.weights import Weights
from stylefuse.pipelines.evaluate.options import EvaluateOptions
from stylefuse.pipelines.pairing import require_same_pictures
from stylefuse.pipelines.temporary import report_folder
from stylefuse.tracking import record

if TYPE_CHECKING:
    import torch
    from PIL.Image import Image

    from stylefuse.evaluation.viewing import Restyler

log = logging.getLogger(__name__)


def evaluate_styles(
    generator: Weights,
    judge: Weights,
    classifier: Weights,
    manifest: pd.DataFrame,
    image_store: Path,
    sample: Path,
    photos: Path,
    styles: Path,
    options: EvaluateOptions,
    reviser: Weights | None = None,
) -> tuple[dict[str, Any], dict[str, Any], Path]:
    """Measure the generator on held-out photos and paintings, beside baselines.

    Args:
        generator, judge, classifier: trained networks.
        manifest: gives the held-out pictures (split "test").
        image_store: their pixels.
        sample: the embedded sample; where the manifest is of it, the truth of some paintings is known.
        photos, styles: folders of the pictures themselves, which have more pixels than the store: for what is
            measured at viewing size.
        options: see `EvaluateOptions`.
        reviser: the head of the task `stylize`, where there is one.

    Returns:
        The evaluation as plain nested numbers (None and a reason where there is none); its
        summary alone, with the generator's fingerprint; the report's folder.

    Raises:
        ValueError: the networks do not know the same styles, or nothing is held out.
    """
    from stylefuse.evaluation.grids import draw_figures
    from stylefuse.evaluation.heldout import all_twins, held_out
    from stylefuse.evaluation.measure import evaluate
    from stylefuse.evaluation.networks import load_networks
    from stylefuse.evaluation.own_views import evaluate_views
    from stylefuse.evaluation.report import write_report
    from stylefuse.evaluation.screens import Screens, draw_screens
    from stylefuse.evaluation.summary import table
    from stylefuse.images.manifest import require_usable
    from stylefuse.images.store import open_store

    require_usable(manifest)
    require_same_pictures(manifest, generator=generator, judge=judge, classifier=classifier)
    settings = options.settings()
    networks = load_networks(generator, judge, classifier, settings.inception_weights)
    names, size = networks.styles[1:], generator.facts["image_size"]
    store = open_store(image_store, manifest)
    pictures = held_out(manifest, store, names, size, settings.photos, settings.paintings, settings.seed)
    twins = all_twins(manifest, sample, names, size, settings.paintings)
    screens = Screens(names, settings.viewing.sizes)
    restyle = _as_served(generator, reviser, networks.device)
    viewed = evaluate_views(
        networks, restyle, manifest, store, (photos, styles), settings, size, screens.watch
    )
    evaluation = evaluate(networks, pictures, twins, settings, viewed)
    of_generator = {name: generator.facts.get(name) for name in ("images_seen", "data_hash", "fingerprint")}
    evaluation["about"] |= of_generator
    with report_folder() as folder:
        figures = draw_figures(folder, networks, pictures, twins, settings.grid_photos, settings.batch_size)
        figures += draw_screens(folder, screens)
        write_report(folder, evaluation, figures)
        log.info("evaluation\n\n%s\n", table(evaluation))
        for warning in evaluation["warnings"]:
            log.warning("%s", warning)
        _track(evaluation, folder)
    return evaluation, {**evaluation["summary"], "generator": of_generator["fingerprint"]}, folder


def _as_served(generator: Weights, reviser: Weights | None, device: "torch.device") -> "Restyler":
    """Return a function that restyles a photo in the style of a row as the served model does."""
    import torch

    from stylefuse.networks.generator import load_generator, style_weights
    from stylefuse.tasks.stylize.paint import paint
    from stylefuse.tasks.stylize.reviser import load_reviser

    painter = load_generator(generator).to(device)
    finisher = None if reviser is None else load_reviser(reviser).to(device)

    @torch.inference_mode()
    def restyle(photo: "Image", row: int) -> "Image":
        weights = style_weights(torch.tensor([row], device=device), painter.rows)
        return paint(painter, finisher, photo, weights)

    return restyle


def _track(evaluation: dict[str, Any], folder: Path) -> None:
    """Record numbers and report in the open MLflow run, if there is one."""
    from stylefuse.evaluation.summary import flat

    record.log_metrics(flat({name: evaluation[name] for name in ("summary", "styles", "identity")}))
    record.log_dict(evaluation, "evaluation/evaluation.json")
    record.log_files(folder, "evaluation")
