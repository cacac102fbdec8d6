"""The node of train_hybrid: begin or resume, train, hand over the averaged generator."""

import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from stylefuse.images.manifest import PHOTO, data_hash, require_usable, rows_of, style_names
from stylefuse.networks.weights import Weights
from stylefuse.pipelines.launch import train_on_all
from stylefuse.pipelines.pairing import require_same_pictures
from stylefuse.pipelines.resumable import OnImages, OnStep, train_resumably
from stylefuse.pipelines.train_hybrid.options import TrainOptions
from stylefuse.tracking import record

if TYPE_CHECKING:
    from torch import Tensor

    from stylefuse.tasks.stylize.state import HybridState
    from stylefuse.training.checkpoint import Checkpoints
    from stylefuse.training.options import HybridOptions

log = logging.getLogger(__name__)

# Photos in every sample grid.
SAMPLE_PHOTOS = 8


def train_generator(
    manifest: pd.DataFrame,
    image_store: Path,
    classifier: Weights,
    checkpoints: Path,
    training_samples: Path,
    options: TrainOptions,
) -> tuple[pd.DataFrame, Weights]:
    """Train G against D and C; run again after an interruption, it goes on from the last checkpoint.

    Args:
        manifest, image_store: the pictures.
        classifier: C, frozen here.
        checkpoints: workspace; this training uses the subfolder named after its fingerprint.
        training_samples: workspace for sample grids, drawn at regular intervals from the same photos.
        options: see `TrainOptions`.

    Returns:
        The losses by images seen, with the fingerprint of the generator that they belong to; the averaged
        generator. In this order, so that the generator is saved last, when its log is there.

    Raises:
        TrainingDivergedError: losses stayed infinite or not a number.
        TrainingRefusedError: another training is running, or would be left behind unfinished.
        ProcessLostError: of several processes one failed or was killed.
    """
    from stylefuse.images.store import open_store
    from stylefuse.networks.generator import pack_generator
    from stylefuse.training.checkpoint import code_hash, fingerprint
    from stylefuse.training.identity import pictures_of
    from stylefuse.training.run_lock import claim

    require_usable(manifest)
    require_same_pictures(manifest, classifier=classifier)
    training, styles = options.training, style_names(manifest)
    facts = {"data_hash": data_hash(manifest), "classifier": classifier.facts["fingerprint"]}
    identity = {
        "options": training.identity(),
        "data": pictures_of(manifest, open_store(image_store, manifest)),
        "classifier": facts["classifier"],
        "code": code_hash("tasks.stylize.training", "networks.classifier"),
    }
    facts["fingerprint"] = fingerprint(identity)
    keep, restart = training.keep_checkpoints, "train_hybrid.restart"
    place = claim(checkpoints, "hybrid", identity, keep, restart, options.restart)
    train = partial(_train, manifest, image_store, classifier, training_samples, training)
    state, losses, trained_with = train_on_all(training, place, train)
    facts |= {"image_size": training.image_size, "images_seen": state.images_seen}
    generator = pack_generator(state.average, styles, trained_with=trained_with, **facts)
    log.info(
        "trained %s on %d images; sample grids lie in %s. If this stage ran alone, go on with the same --env and "
        "--params: kedro run --pipelines evaluate,register",
        ", ".join(styles[1:]),
        state.images_seen,
        training_samples,
    )
    return losses.assign(fingerprint=facts["fingerprint"]), generator


def _train(
    manifest: pd.DataFrame,
    image_store: Path,
    classifier: Weights,
    samples: Path,
    training: "HybridOptions",
    saved: "Checkpoints | None",
) -> tuple["HybridState", pd.DataFrame, list[dict[str, Any]]]:
    """Begin or go on, to the end; on each of the processes that train together."""
    from stylefuse.images.crops import centre_crops
    from stylefuse.images.store import open_store
    from stylefuse.networks.classifier import load_classifier
    from stylefuse.tasks.stylize.state import new_state
    from stylefuse.tasks.stylize.training import fit_hybrid
    from stylefuse.training.device import pick_device

    store, styles = open_store(image_store, manifest), style_names(manifest)
    device = pick_device(training.device)
    style_guard = load_classifier(classifier).to(device)
    rows_by_style = [rows_of(manifest, style, "train") for style in styles]
    state = new_state(store, rows_by_style, style_guard.backbone.channels[1:], training)
    photos = centre_crops(store, rows_of(manifest, PHOTO, "test")[:SAMPLE_PHOTOS], training.image_size)
    draw = _sample_drawer(state, photos.to(device), styles, samples)

    def fit(resolved: "HybridOptions", on_step: OnStep, on_sample: OnImages, on_checkpoint: OnImages) -> None:
        fit_hybrid(state, style_guard, resolved, _watched(on_step), on_sample, on_checkpoint)

    return state, *train_resumably("train", state, saved, training, samples, draw, fit)


def _watched(on_step: OnStep) -> OnStep:
    """`on_step`, with a warning once the critic has collapsed: in the log, the run's tags and the table of losses."""
    from stylefuse.training.collapse import CollapseWatch

    watch, collapsed = CollapseWatch(), 0.0

    def step(images_seen: int, losses: dict[str, float]) -> None:
        nonlocal collapsed
        if message := watch.notice(losses):
            collapsed = 1.0
            log.warning("at %d images %s", images_seen, message)
            record.log_tag("critic_collapse", f"at {images_seen} images {message}")
        on_step(images_seen, {**losses, "critic_collapsed": collapsed})

    return step


def _sample_drawer(
    state: "HybridState", photos: "Tensor", styles: list[str], folder: Path
) -> Callable[[int], None]:
    """What draws the photos in all styles, a column a photo, into the folder and into MLflow."""
    import torch

    from stylefuse.images.grid import grid
    from stylefuse.images.io import save
    from stylefuse.networks.generator import style_weights

    @torch.inference_mode()
    def draw(images_seen: int) -> None:
        pictures = [list(photos.cpu())]
        for index in range(1, len(styles)):
            style = torch.full((len(photos),), index, device=photos.device)
            pictures.append(list(state.average(photos, style_weights(style, len(styles))).cpu()))
        image = grid(pictures, row_labels=styles)
        save(image, folder / f"images-{images_seen:09d}.png")
        record.log_image(image, "samples", images_seen)

    return draw
