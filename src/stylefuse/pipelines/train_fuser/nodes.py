"""The nodes of train_fuser: train the fuser on synthesised sets, then measure it beside the classical rules."""

import logging
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from stylefuse.images.manifest import PHOTO, data_hash, pixels_hash, rows_of
from stylefuse.networks.weights import Weights
from stylefuse.pipelines.progress import TrainingProgress
from stylefuse.pipelines.train_fuser.options import TrainFuserOptions

if TYPE_CHECKING:
    from torch import Tensor

    from stylefuse.training.fusion import FusionState

log = logging.getLogger(__name__)

# Sets of each kind in a sample grid.
SAMPLE_PHOTOS = 3


def train_fuser(
    manifest: pd.DataFrame,
    image_store: Path,
    generator: Weights,
    checkpoints: Path,
    fusion_samples: Path,
    options: TrainFuserOptions,
) -> tuple[Weights, pd.DataFrame]:
    """Train the fuser over the generator's frozen encoder; run again after an interruption, it goes on.

    Args:
        manifest, image_store: the pictures; sets are made of the photos of the training split.
        generator: whose encoder the fuser reads.
        checkpoints: workspace; this training uses the subfolder named after its fingerprint.
        fusion_samples: workspace for sample grids, drawn at regular intervals from the same photos.
        options: see `TrainFuserOptions`.

    Returns:
        The averaged fuser, and the losses by images seen.

    Raises:
        TrainingDivergedError: losses stayed infinite or not a number.
    """
    from stylefuse.images.crops import centre_crops
    from stylefuse.images.store import ImageStore
    from stylefuse.networks.fuser import pack_fuser
    from stylefuse.networks.generator import load_generator
    from stylefuse.training.checkpoint import Checkpoints, code_hash, fingerprint
    from stylefuse.training.fusion import fit_fusion, new_fusion_state
    from stylefuse.training.state import pick_device

    training, store = options.training, ImageStore(image_store)
    facts = {"data_hash": data_hash(manifest), "generator": generator.facts["fingerprint"]}
    pixels, code = pixels_hash(manifest, store.index()), code_hash("training.fusion")
    facts["fingerprint"] = fingerprint(training.identity(), facts, pixels, code)
    workspace = checkpoints / f"fusion-{facts['fingerprint']}"
    if options.restart:
        shutil.rmtree(workspace, ignore_errors=True)
    saved = Checkpoints(workspace)
    encoder = load_generator(generator).encoder.to(pick_device(training.device))
    state = new_fusion_state(store, rows_of(manifest, PHOTO, "train"), encoder, training)
    rows: list[dict[str, float]] = []
    if (checkpoint := saved.latest()) is not None:
        state.restore(checkpoint)
        rows = checkpoint.facts["training_log"]
        log.info("goes on from the checkpoint at %d of %d images", state.images_seen, training.images)
    photos = centre_crops(store, rows_of(manifest, PHOTO, "test")[:SAMPLE_PHOTOS], training.image_size)
    draw = _sample_drawer(state, photos, fusion_samples)

    with TrainingProgress("fusion", training.images, state.images_seen, training.log_every) as progress:

        def save(images_seen: int) -> None:
            tensors, state_facts = state.pack()
            saved.save(images_seen, Weights(tensors, {**state_facts, "training_log": rows + progress.rows}))

        if state.images_seen == 0:
            for grid_of_another in fusion_samples.glob("images-*.png"):
                grid_of_another.unlink()
            draw(0)
        fit_fusion(state, training, progress.step, draw, save)
    log.info("trained the fuser on sets made of %d photos", state.images_seen)
    fuser = pack_fuser(state.average, images_seen=state.images_seen, **facts)
    return fuser, pd.DataFrame(rows + progress.rows)


def _sample_drawer(state: "FusionState", photos: "Tensor", folder: Path) -> Callable[[int], None]:
    """What draws pairs of each kind, their fusion and their truth, into the folder and into MLflow."""
    import mlflow
    import numpy as np
    import torch

    from stylefuse.images.grid import grid
    from stylefuse.images.io import save
    from stylefuse.images.pairs import KINDS, synthesise

    pairs = {kind: synthesise(kind, photos, 2, np.random.default_rng(0), unseen=True) for kind in KINDS}
    device = next(state.average.parameters()).device

    @torch.inference_mode()
    def draw(images_seen: int) -> None:
        rows = []
        for pair in pairs.values():
            fused = state.average(pair.to(device)).picture.cpu()
            rows.append(
                [p for i in range(len(photos)) for p in (pair[i, 0], pair[i, 1], fused[i], photos[i])]
            )
        names = ["first", "second", "fused", "truth"] * len(photos)
        image = grid(rows, row_labels=list(pairs), column_labels=names)
        save(image, folder / f"images-{images_seen:09d}.png")
        if mlflow.active_run():
            mlflow.log_image(image, key="fusion_samples", step=images_seen)

    return draw


def evaluate_fuser(
    manifest: pd.DataFrame,
    image_store: Path,
    generator: Weights,
    fuser: Weights,
    options: TrainFuserOptions,
) -> tuple[dict[str, Any], Path]:
    """Measure the fuser and the classical rules on the same sets of held-out photos, in variants never trained on.

    Returns:
        `summary` (numbers to compare runs by), `table` (a row for each kind and n) and `about` (of which fuser);
        and a folder with the table as Markdown and CSV, and a contact sheet.
    """
    import mlflow

    from stylefuse.images.crops import centre_crops
    from stylefuse.images.store import ImageStore
    from stylefuse.networks.fuser import load_fuser
    from stylefuse.networks.generator import load_generator

    from .measure import contact_sheet_of, measure, summarise, write_tables

    asked = options.evaluation
    network = load_fuser(fuser, load_generator(generator), generator.facts["fingerprint"])
    rows = rows_of(manifest, PHOTO, "test")[: asked.photos]
    photos = centre_crops(ImageStore(image_store), rows, asked.image_size)
    table = measure(network, photos, asked.inputs, asked.seed)
    folder = Path(tempfile.mkdtemp(prefix="stylefuse-"))
    write_tables(table, folder)
    contact_sheet_of(network, photos[:4], asked.seed, folder / "fused.png")
    summary = summarise(table)
    log.info("fusion of %d held-out photos, PSNR in dB:\n%s", len(photos), table.to_string(index=False))
    if mlflow.active_run():
        mlflow.log_metrics({f"fusion.{name}": value for name, value in summary.items()})
        mlflow.log_artifacts(str(folder), "fusion")
    about = {name: fuser.facts[name] for name in ("fingerprint", "data_hash", "generator", "images_seen")}
    return {"summary": summary, "table": table.to_dict("records"), "about": about}, folder
