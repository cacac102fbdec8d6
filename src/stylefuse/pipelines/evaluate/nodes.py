"""The node of `evaluate`: networks and held-out pictures in; numbers and a report out."""

import logging
from pathlib import Path
from typing import Any

import pandas as pd

from stylefuse.networks.weights import Weights
from stylefuse.pipelines.evaluate.options import EvaluateOptions
from stylefuse.pipelines.pairing import require_same_pictures
from stylefuse.pipelines.temporary import report_folder
from stylefuse.tracking import record

log = logging.getLogger(__name__)


def evaluate_styles(
    generator: Weights,
    judge: Weights,
    classifier: Weights,
    manifest: pd.DataFrame,
    image_store: Path,
    sample: Path,
    options: EvaluateOptions,
) -> tuple[dict[str, Any], dict[str, Any], Path]:
    """Measure the generator on held-out photos and paintings, beside baselines.

    Args:
        generator, judge, classifier: trained networks.
        manifest: gives the held-out pictures (split "test").
        image_store: their pixels.
        sample: the embedded sample; where the manifest is of it, the truth of some paintings is known.
        options: see `EvaluateOptions`.

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
    from stylefuse.evaluation.report import write_report
    from stylefuse.evaluation.summary import table
    from stylefuse.images.manifest import require_usable
    from stylefuse.images.store import open_store

    require_usable(manifest)
    require_same_pictures(manifest, generator=generator, judge=judge, classifier=classifier)
    settings = options.settings()
    networks = load_networks(generator, judge, classifier, settings.inception_weights)
    styles, size = networks.styles[1:], generator.facts["image_size"]
    store = open_store(image_store, manifest)
    pictures = held_out(manifest, store, styles, size, settings.photos, settings.paintings, settings.seed)
    twins = all_twins(manifest, sample, styles, size, settings.paintings)
    evaluation = evaluate(networks, pictures, twins, settings)
    of_generator = {name: generator.facts.get(name) for name in ("images_seen", "data_hash", "fingerprint")}
    evaluation["about"] |= of_generator
    with report_folder() as folder:
        figures = draw_figures(folder, networks, pictures, twins, settings.grid_photos, settings.batch_size)
        write_report(folder, evaluation, figures)
        log.info("evaluation\n\n%s\n", table(evaluation))
        for warning in evaluation["warnings"]:
            log.warning("%s", warning)
        _track(evaluation, folder)
    return evaluation, {**evaluation["summary"], "generator": of_generator["fingerprint"]}, folder


def _track(evaluation: dict[str, Any], folder: Path) -> None:
    """Record numbers and report in the open MLflow run, if there is one."""
    from stylefuse.evaluation.summary import flat

    record.log_metrics(flat({name: evaluation[name] for name in ("summary", "styles", "identity")}))
    record.log_dict(evaluation, "evaluation/evaluation.json")
    record.log_files(folder, "evaluation")
