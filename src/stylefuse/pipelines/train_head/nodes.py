"""Nodes that train a head on the generator's frozen encoder, and measure it on held-out photos."""

import logging
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from stylefuse.images.manifest import PHOTO, data_hash, require_usable, rows_of, style_names
from stylefuse.networks.weights import Weights
from stylefuse.pipelines.pairing import require_same_pictures
from stylefuse.pipelines.temporary import report_folder
from stylefuse.tasks.head import Head, HeadData
from stylefuse.tracking import record

if TYPE_CHECKING:
    from stylefuse.training.options import TrainingOptions
    from stylefuse.training.trainer import Training

log = logging.getLogger(__name__)


def train_head(
    head: Head,
    manifest: pd.DataFrame,
    image_store: Path,
    generator: Weights,
    checkpoints: Path,
    samples: Path,
    options: Any,
) -> tuple[pd.DataFrame, Weights]:
    """Train a head over the generator's encoder; run again after an interruption, it resumes.

    Args:
        head: what to train.
        manifest, image_store: the pictures; the head learns from photos of the training split.
        generator: whose encoder the head reads.
        checkpoints: workspace; this training uses the subfolder named after its fingerprint.
        samples: workspace for sample grids, drawn at regular intervals from the same photos.
        options: see `parameters_of`.

    Returns:
        The losses by images seen, with the fingerprint of the head that they belong to; the averaged head. In this
        order, so that Kedro saves the head last, when its log is there.

    Raises:
        TrainingDivergedError, TrainingRefusedError, ProcessLostError: see `Trainer.train`.
    """
    from stylefuse.images.store import open_store
    from stylefuse.networks.encoder import encoder_hash
    from stylefuse.networks.generator import load_generator
    from stylefuse.pipelines.progress import TrackedProgress
    from stylefuse.training.fingerprint import code_hash, fingerprint, pictures_of
    from stylefuse.training.trainer import Trainer

    require_usable(manifest)
    training = options.training
    facts = {
        "data_hash": data_hash(manifest),
        "generator": generator.facts["fingerprint"],
        "encoder": encoder_hash(load_generator(generator).encoder),
    }
    definition = {
        "options": training.fingerprinted(),
        "data": pictures_of(manifest, open_store(image_store, manifest)),
        "code": code_hash(*head.code),
    }
    if head.reads_encoder:
        definition["encoder"] = facts["encoder"]
    if head.from_paintings:
        require_same_pictures(manifest, generator=generator)
        facts["styles"] = generator.facts["styles"]
        definition["generator"] = facts["generator"]
    facts["fingerprint"] = fingerprint(definition)
    progress = TrackedProgress(head.reports, f"{head.reports}_samples")
    restart = f"{head.pipeline}.restart"
    trainer = Trainer(head.reports, head.reports, checkpoints, samples, restart, progress)
    build = partial(_build, head, manifest, image_store, generator, training)
    trained = trainer.train(build, training, definition, options.restart)
    seen = trained.training.state.images_seen
    facts |= {"trained_with": trained.trained_with, "images_seen": seen}
    log.info(
        "trained the %s on %d crops of photos; sample grids lie in %s. If this stage ran alone, go on with the same "
        "--env and --params: kedro run --pipelines register",
        head.weights,
        seen,
        samples,
    )
    losses = pd.DataFrame(trained.losses).assign(fingerprint=facts["fingerprint"])
    return losses, head.pack(trained.training.ema, **facts)


def _build(
    head: Head,
    manifest: pd.DataFrame,
    image_store: Path,
    generator: Weights,
    training: "TrainingOptions",
) -> "Training":
    """Make the training about to begin, in each of the processes that share it."""
    from stylefuse.images.crops import centre_crops
    from stylefuse.images.device_store import placed
    from stylefuse.images.store import open_store
    from stylefuse.networks.generator import load_generator
    from stylefuse.training.device import pick_device

    store, device = open_store(image_store, manifest), pick_device(training.device)
    shown = rows_of(manifest, PHOTO, "test")[: head.sample_photos]
    data = HeadData(
        placed(store, device) if head.from_paintings else store,
        [rows_of(manifest, style, "train") for style in style_names(manifest)],
        centre_crops(store, shown, training.image_size),
        load_generator(generator).to(device),
    )
    return head.build(data, training)


def evaluate_head(
    head: Head,
    manifest: pd.DataFrame,
    image_store: Path,
    generator: Weights,
    weights: Weights,
    options: Any,
) -> tuple[dict[str, Any], Path]:
    """Measure a head beside its baselines on held-out photos.

    Returns:
        `summary` (numbers to compare runs by), `table` (its rows) and `about` (which head was measured);
        and a folder with the table as Markdown and CSV, and sheets of pictures.

    Raises:
        ValueError: the head was trained on other pictures, or on another encoder.
    """
    from stylefuse.images.crops import centre_crops
    from stylefuse.images.io import save
    from stylefuse.images.store import open_store
    from stylefuse.networks.generator import load_generator

    require_same_pictures(manifest, pipeline=head.pipeline, **{head.weights: weights})
    painter = load_generator(generator)
    head.check(weights, painter.encoder, generator.facts["fingerprint"])
    network, evaluation = head.load(weights, painter.encoder), options.evaluation
    rows = rows_of(manifest, PHOTO, "test")[: evaluation.photos]
    photos = centre_crops(open_store(image_store, manifest), rows, evaluation.image_size)
    measured = head.measure(network, painter, photos, evaluation)
    table, summary = measured.table, measured.summary
    with report_folder() as folder:
        table.to_csv(folder / f"{head.reports}.csv", index=False)
        text = f"{measured.caption}\n\n{_markdown(table)}\n"
        (folder / f"{head.reports}.md").write_text(text, encoding="utf-8")
        for name, sheet in measured.sheets.items():
            save(sheet, folder / f"{name}.png")
        log.info("%s of %d held-out photos:\n%s", head.reports, len(photos), table.to_string(index=False))
        record.log_metrics({f"{head.reports}.{name}": value for name, value in summary.items()})
        record.log_files(folder, head.reports)
    about = {name: weights.facts[name] for name in ("fingerprint", "data_hash", "generator", "images_seen")}
    about |= {"device": "cpu", "precision": "fp32"}
    return {"summary": summary, "table": table.to_dict("records"), "about": about}, folder


def _markdown(table: pd.DataFrame) -> str:
    head = ["| " + " | ".join(table.columns) + " |", "|" + "---|" * len(table.columns)]
    body = [
        "| " + " | ".join(f"{v:.2f}" if isinstance(v, float) else str(v) for v in row) + " |"
        for row in table.itertuples(index=False)
    ]
    return "\n".join([*head, *body])
