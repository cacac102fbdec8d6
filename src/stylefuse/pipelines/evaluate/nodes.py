"""The node of `evaluate`: networks and held-out pictures in; numbers and a report out."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from stylefuse.networks.weights import Weights
from stylefuse.pipelines.evaluate.options import EvaluateOptions
from stylefuse.pipelines.pairing import require_same_pictures
from stylefuse.pipelines.temporary import report_folder
from stylefuse.tracking import record

if TYPE_CHECKING:
    from stylefuse.evaluation.measure import Networks

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
        manifest: tells which pictures are held out (split "test").
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
    from stylefuse.evaluation.measure import measure
    from stylefuse.evaluation.report import write_report
    from stylefuse.evaluation.summary import NOT_COMPUTED, plain, summarise, table, warnings_of
    from stylefuse.images.manifest import require_usable
    from stylefuse.images.store import open_store

    require_usable(manifest)
    require_same_pictures(manifest, generator=generator, judge=judge, classifier=classifier)
    networks = _load(generator, judge, classifier, options)
    styles, size = networks.styles[1:], generator.facts["image_size"]
    pictures = held_out(
        manifest,
        open_store(image_store, manifest),
        styles,
        size,
        options.photos,
        options.paintings,
        options.seed,
    )
    twins = all_twins(manifest, sample, styles, size, options.paintings)

    measured = measure(networks, pictures, twins, options)
    without_inception = "not computed: evaluate.inception_weights names no file"
    missing = {} if networks.inception else {"fid": without_inception, "kid": without_inception}
    evaluation = plain(
        {
            "summary": summarise(measured),
            "warnings": warnings_of(measured),
            **measured,
            "about": {
                "image_size": size,
                "photos": len(pictures.photos),
                "paintings": {style: len(p) for style, p in pictures.paintings.items()},
                "seed": options.seed,
                "device": networks.device.type,
                "precision": _precision(networks.device.type),
                **{name: generator.facts.get(name) for name in ("images_seen", "data_hash", "fingerprint")},
            },
            "not_computed": {**missing, **NOT_COMPUTED},
        }
    )
    with report_folder() as folder:
        figures = draw_figures(folder, networks, pictures, twins, options.grid_photos, options.batch_size)
        write_report(folder, evaluation, figures)
        log.info("evaluation\n\n%s\n", table(evaluation))
        for warning in evaluation["warnings"]:
            log.warning("%s", warning)
        _track(evaluation, folder)
    return evaluation, {**evaluation["summary"], "generator": generator.facts.get("fingerprint")}, folder


def _load(generator: Weights, judge: Weights, classifier: Weights, options: EvaluateOptions) -> "Networks":
    import torch

    from stylefuse.evaluation.measure import Networks
    from stylefuse.metrics.inception import inception_features
    from stylefuse.networks.classifier import load_classifier
    from stylefuse.networks.generator import load_generator
    from stylefuse.networks.judge import load_judge

    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    styles = list(generator.facts["styles"])
    inception = inception_features(options.inception_weights) if options.inception_weights else None
    return Networks(
        load_generator(generator).to(device),
        load_judge(judge).to(device),
        load_classifier(classifier).to(device),
        styles,
        classes_of(styles, judge.facts["styles"], "judge"),
        classes_of(styles, classifier.facts["styles"], "classifier"),
        device,
        inception.to(device) if inception else None,
    )


def _precision(device: str) -> str:
    """Of convolutions, as the networks are measured: cuDNN shortens the factors to TF32 unless it is told otherwise."""
    import torch

    return "tf32" if device == "cuda" and torch.backends.cudnn.allow_tf32 else "fp32"


def classes_of(styles: Sequence[str], known: Sequence[str], who: str) -> list[int]:
    """At which class of a network each of the generator's styles is; `who` names the network.

    Raises:
        ValueError: it does not know one of them.
    """
    strange = [style for style in styles if style not in known]
    if strange:
        raise ValueError(
            f"the {who} does not know the generator's style {', '.join(strange)} (it knows "
            f"{', '.join(known)}): train both on the same pictures, with "
            "`kedro run --pipelines pretrain_classifier,train_hybrid`"
        )
    return [list(known).index(style) for style in styles]


def _track(evaluation: dict[str, Any], folder: Path) -> None:
    """Log to the run that is open, if one is."""
    from stylefuse.evaluation.summary import flat

    record.log_metrics(flat({name: evaluation[name] for name in ("summary", "styles", "identity")}))
    record.log_dict(evaluation, "evaluation/evaluation.json")
    record.log_files(folder, "evaluation")
