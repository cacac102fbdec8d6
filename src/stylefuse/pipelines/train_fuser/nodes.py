"""The nodes of train_fuser: train the fuser on synthesised sets, then measure it beside the classical rules."""

import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from stylefuse.images.manifest import PHOTO, data_hash, require_usable, rows_of
from stylefuse.networks.weights import Weights
from stylefuse.pipelines.pairing import require_same_pictures
from stylefuse.pipelines.resumable import train_resumably
from stylefuse.pipelines.temporary import report_folder
from stylefuse.pipelines.train_fuser.options import TrainFuserOptions
from stylefuse.tracking import record

if TYPE_CHECKING:
    from torch import Tensor

    from stylefuse.tasks.fuse.training import FusionState

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
) -> tuple[pd.DataFrame, Weights]:
    """Train the fuser over the generator's frozen encoder; run again after an interruption, it goes on.

    Args:
        manifest, image_store: the pictures; sets are made of the photos of the training split.
        generator: whose encoder the fuser reads.
        checkpoints: workspace; this training uses the subfolder named after its fingerprint.
        fusion_samples: workspace for sample grids, drawn at regular intervals from the same photos.
        options: see `TrainFuserOptions`.

    Returns:
        The losses by images seen, with the fingerprint of the fuser that they belong to; the averaged fuser. In
        this order, so that the fuser is saved last, when its log is there.

    Raises:
        TrainingDivergedError: losses stayed infinite or not a number.
        TrainingRefusedError: another training is running, or would be left behind unfinished.
    """
    from stylefuse.images.crops import centre_crops
    from stylefuse.images.store import open_store
    from stylefuse.networks.generator import load_generator
    from stylefuse.tasks.fuse.network import pack_fuser
    from stylefuse.tasks.fuse.training import fit_fusion, new_fusion_state
    from stylefuse.training.checkpoint import code_hash, fingerprint
    from stylefuse.training.device import pick_device
    from stylefuse.training.identity import pictures_of
    from stylefuse.training.run_lock import claim

    require_usable(manifest)
    training, store = options.training, open_store(image_store, manifest)
    facts = {"data_hash": data_hash(manifest), "generator": generator.facts["fingerprint"]}
    identity = {
        "options": training.identity(),
        "data": pictures_of(manifest, store),
        "generator": facts["generator"],
        "code": code_hash("tasks.fuse.training"),
    }
    facts["fingerprint"] = fingerprint(identity)
    encoder = load_generator(generator).encoder.to(pick_device(training.device))
    state = new_fusion_state(store, rows_of(manifest, PHOTO, "train"), encoder, training)
    photos = centre_crops(store, rows_of(manifest, PHOTO, "test")[:SAMPLE_PHOTOS], training.image_size)
    draw = _sample_drawer(state, photos, fusion_samples)
    fit = partial(fit_fusion, state)
    keep, restart = training.keep_checkpoints, "train_fuser.restart"
    with claim(checkpoints, "fusion", identity, keep, restart, options.restart) as saved:
        losses, facts["trained_with"] = train_resumably(
            "fusion", state, saved, training, fusion_samples, draw, fit
        )
    fuser = pack_fuser(state.average, images_seen=state.images_seen, **facts)
    log.info(
        "trained the fuser on sets made of %d photos; sample grids lie in %s. If this stage ran alone, go on with the "
        "same --env and --params: kedro run --pipelines register",
        state.images_seen,
        fusion_samples,
    )
    return losses.assign(fingerprint=facts["fingerprint"]), fuser


def _sample_drawer(state: "FusionState", photos: "Tensor", folder: Path) -> Callable[[int], None]:
    """What draws pairs of each kind, their fusion and their truth, into the folder and into MLflow."""
    import numpy as np

    from stylefuse.images.io import save
    from stylefuse.tasks.fuse.pairs import KINDS, synthesise
    from stylefuse.tasks.fuse.sheet import draw_pairs

    pairs = {kind: synthesise(kind, photos, 2, np.random.default_rng(0), unseen=True) for kind in KINDS}

    def draw(images_seen: int) -> None:
        image = draw_pairs(state.average, pairs, photos)
        save(image, folder / f"images-{images_seen:09d}.png")
        record.log_image(image, "fusion_samples", images_seen)

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
    from stylefuse.images.crops import centre_crops
    from stylefuse.images.io import save
    from stylefuse.images.store import open_store
    from stylefuse.networks.generator import load_generator
    from stylefuse.tasks.fuse.measure import contact_sheet_of, measure, summarise, write_tables
    from stylefuse.tasks.fuse.network import load_fuser

    require_same_pictures(manifest, fuser=fuser)
    asked = options.evaluation
    network = load_fuser(fuser, load_generator(generator), generator.facts["fingerprint"])
    rows = rows_of(manifest, PHOTO, "test")[: asked.photos]
    photos = centre_crops(open_store(image_store, manifest), rows, asked.image_size)
    table = measure(network, photos, asked.inputs, asked.seed)
    with report_folder() as folder:
        write_tables(table, folder)
        save(contact_sheet_of(network, photos[:4], asked.seed), folder / "fused.png")
        summary = summarise(table)
        log.info("fusion of %d held-out photos, PSNR in dB:\n%s", len(photos), table.to_string(index=False))
        record.log_metrics({f"fusion.{name}": value for name, value in summary.items()})
        record.log_files(folder, "fusion")
    about = {name: fuser.facts[name] for name in ("fingerprint", "data_hash", "generator", "images_seen")}
    about |= {"device": "cpu", "precision": "fp32"}
    return {"summary": summary, "table": table.to_dict("records"), "about": about}, folder
