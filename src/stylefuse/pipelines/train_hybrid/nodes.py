"""The node of train_hybrid: start or resume the training, and return the averaged generator."""

import logging
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from stylefuse.images.manifest import PHOTO, data_hash, require_usable, rows_of, style_names
from stylefuse.networks.weights import Weights
from stylefuse.pipelines.pairing import require_same_pictures
from stylefuse.pipelines.train_hybrid.options import TrainOptions

if TYPE_CHECKING:
    from stylefuse.tasks.stylize.options import HybridOptions
    from stylefuse.tasks.stylize.training import HybridTraining

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
) -> tuple[pd.DataFrame, Weights, Weights]:
    """Train G against D with C; run again after an interruption, it resumes from the last checkpoint.

    Args:
        manifest, image_store: the pictures.
        classifier: C, frozen here.
        checkpoints: workspace; this training uses the subfolder named after its fingerprint.
        training_samples: workspace for sample grids, drawn at regular intervals from the same photos.
        options: see `TrainOptions`.

    Returns:
        The losses by images seen, with the fingerprint of the generator that they belong to; the critic on pixels,
        with the same fingerprint; the averaged generator. In this order, so that Kedro saves the generator last, when
        the others are there.

    Raises:
        TrainingDivergedError, TrainingRefusedError, ProcessLostError: see `Trainer.train`.
    """
    from stylefuse.images.store import open_store
    from stylefuse.networks.critic import pack_critic
    from stylefuse.networks.generator import pack_generator
    from stylefuse.pipelines.progress import TrackedProgress
    from stylefuse.training.fingerprint import code_hash, fingerprint, pictures_of
    from stylefuse.training.trainer import Trainer

    require_usable(manifest)
    require_same_pictures(manifest, classifier=classifier)
    training, styles = options.training, style_names(manifest)
    facts = {"data_hash": data_hash(manifest), "classifier": classifier.facts["fingerprint"]}
    definition = {
        "options": training.fingerprinted(),
        "data": pictures_of(manifest, open_store(image_store, manifest)),
        "classifier": facts["classifier"],
        "code": code_hash("stylefuse.tasks.stylize.training", "stylefuse.networks.classifier"),
    }
    facts["fingerprint"] = fingerprint(definition)
    progress, restart = TrackedProgress("train"), "train_hybrid.restart"
    trainer = Trainer("train", "hybrid", checkpoints, training_samples, restart, progress)
    build = partial(_build, manifest, image_store, classifier, training)
    trained = trainer.train(build, training, definition, options.restart)
    seen = trained.training.state.images_seen
    facts |= {"image_size": training.image_size, "images_seen": seen}
    critic = pack_critic(trained.training.critic, styles, **facts)
    generator = pack_generator(trained.training.ema, styles, trained_with=trained.trained_with, **facts)
    log.info(
        "trained %s on %d images; sample grids lie in %s. If this stage ran alone, go on with the same --env and "
        "--params: kedro run --pipelines evaluate,register",
        ", ".join(styles[1:]),
        seen,
        training_samples,
    )
    return pd.DataFrame(trained.losses).assign(fingerprint=facts["fingerprint"]), critic, generator


def _build(
    manifest: pd.DataFrame, image_store: Path, classifier: Weights, training: "HybridOptions"
) -> "HybridTraining":
    """Make the training about to begin, in each of the processes that share it."""
    from stylefuse.images.crops import centre_crops
    from stylefuse.images.device_store import placed
    from stylefuse.images.store import open_store
    from stylefuse.networks.classifier import load_classifier
    from stylefuse.tasks.stylize.samples import style_grid
    from stylefuse.tasks.stylize.training import HybridTraining
    from stylefuse.training.device import pick_device

    store, styles = open_store(image_store, manifest), style_names(manifest)
    device = pick_device(training.device)
    rows_by_style = [rows_of(manifest, style, "train") for style in styles]
    photos = centre_crops(store, rows_of(manifest, PHOTO, "test")[:SAMPLE_PHOTOS], training.image_size)
    draw = partial(style_grid, photos.to(device), styles)
    frozen = load_classifier(classifier).to(device)
    return HybridTraining(placed(store, device), rows_by_style, frozen, training, draw)
