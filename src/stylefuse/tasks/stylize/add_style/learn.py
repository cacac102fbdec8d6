"""Learn a style from pictures with a trained model: the weights of the added style, and what to know about it."""

import hashlib
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from PIL.Image import Image

from stylefuse.images.crops import centre_crops
from stylefuse.images.grid import grid
from stylefuse.images.store import ImageStore, write_store
from stylefuse.networks.added import GENERATOR, BaseModel, blank, pack_added, with_added
from stylefuse.networks.features import imagenet_efficientnet
from stylefuse.networks.generator import Generator, load_generator
from stylefuse.networks.weights import Weights
from stylefuse.tasks.stylize.add_style.copies import LEAST_RATIO, copy_ratio
from stylefuse.tasks.stylize.add_style.options import AddStyleOptions
from stylefuse.tasks.stylize.add_style.pictures import ENOUGH, HELD_OUT_OF, check_name
from stylefuse.tasks.stylize.add_style.start import last_rows, old_weights, start_from
from stylefuse.tasks.stylize.add_style.target import restyled
from stylefuse.tasks.stylize.add_style.training import AddStyleTraining, Pictures
from stylefuse.tasks.stylize.reviser import load_reviser
from stylefuse.training.fingerprint import code_hash
from stylefuse.training.observer import Observer
from stylefuse.training.state import STOPPED
from stylefuse.training.trainer import Trainer

REVISER = "reviser"
SHOWN, COMPARED = 4, 16  # photos in sample grids; photos and crops of the copy check


class LearnedStyle(NamedTuple):
    """The weights of an added style, its losses by images seen, and warnings about it."""

    weights: Weights
    losses: list[dict[str, float]]
    warnings: list[str]


def learn_style(
    style: str,
    base: BaseModel,
    pictures: Sequence[np.ndarray],
    photos: Sequence[np.ndarray],
    folder: Path,
    options: AddStyleOptions,
    observer: Observer | None = None,
    restart: str = "restart",
    anew: bool = False,
) -> LearnedStyle:
    """Train a row for the style in the generator's tables; run again after an interruption, it goes on.

    The row of the reviser is the mean of its others: it adds what is fine to the new style's drafts.

    Args:
        pictures, photos: H×W×3 uint8 each.
        folder: for checkpoints, decoded pictures and sample grids.
        restart, anew: see `Trainer`.

    Raises:
        StyleRefusedError: the style's name cannot be used, or is taken.
        TrainingDivergedError, TrainingRefusedError: see `Trainer.train`.
    """
    check_name(style, base.styles)
    everything = [*photos, *pictures]
    content = hashlib.sha256()
    for picture in everything:
        content.update(f"{picture.shape}".encode() + picture.tobytes())
    place = folder / "pictures" / content.hexdigest()[:16]
    write_store(place, everything)
    rows = split(len(photos), len(pictures), options.seed)
    joined = with_added(base.networks, [*base.added, blank(style, base)])
    definition = {
        "options": options.fingerprinted(),
        "style": style,
        "pixels": content.hexdigest(),
        "networks": {name: each.checksum() for name, each in base.networks.items()},
        "added": [each.checksum() for each in base.added],
        "code": code_hash("stylefuse.tasks.stylize.add_style.training"),
    }
    trainer = Trainer("add_style", "add_style", folder / "checkpoints", folder / "samples", restart, observer)
    build = partial(_build, place, rows, joined[GENERATOR], options)
    trained = trainer.train(build, options, definition, anew)
    training: AddStyleTraining = trained.training
    tensors = {f"{GENERATOR}/{name}": row.cpu() for name, row in last_rows(training.ema).items()}
    if REVISER in joined:
        reviser = load_reviser(joined[REVISER])
        start_from(reviser, old_weights(reviser.rows, None))
        tensors |= {f"{REVISER}/{name}": row for name, row in last_rows(reviser).items()}
    ratio = _copy_ratio(training.ema, ImageStore(place), rows, options.image_size)
    facts = {
        "pictures": len(pictures),
        "images_seen": training.state.images_seen,
        "copy_ratio": round(ratio, 3),
        "trained_with": trained.trained_with,
    }
    warnings = []
    if len(pictures) < ENOUGH:
        warnings.append(f"{len(pictures)} pictures are few: with {ENOUGH} to 20 the style comes out better")
    if stopped := training.state.values.get(STOPPED):
        warnings.append(f"the training has stopped early: {stopped}; more pictures help")
    if ratio < LEAST_RATIO:
        warnings.append(
            f"restyled photos come very near to the pictures (ratio {ratio:.2f}): look for copied parts"
        )
    # In half precision, which halves the file.
    halves = {name: tensor.half() for name, tensor in tensors.items()}
    return LearnedStyle(pack_added(style, halves, base, **facts), trained.losses, warnings)


def split(photos: int, pictures: int, seed: int) -> Pictures:
    """Divide the pictures into those to learn from and those held out: one of eight, none of fewer."""
    order = photos + np.random.default_rng(seed).permutation(pictures)
    held_out = pictures // HELD_OUT_OF
    return Pictures(np.arange(photos), np.sort(order[held_out:]), np.sort(order[:held_out]))


def _build(place: Path, rows: Pictures, generator: Weights, options: AddStyleOptions) -> AddStyleTraining:
    store = ImageStore(place)
    shown = centre_crops(store, rows.photos[:SHOWN], options.image_size)
    new = partial(load_generator, generator)
    draw = partial(_sample, shown)
    return AddStyleTraining(store, rows, new, imagenet_efficientnet(), options, draw)


@torch.inference_mode()
def _sample(photos: torch.Tensor, generator: Generator) -> Image:
    """Draw photos above, and restyled below."""
    return grid([list(photos), list(_restyled(generator, photos))], row_labels=["photo", "new style"])


def _restyled(generator: Generator, photos: torch.Tensor) -> torch.Tensor:
    device = next(generator.parameters()).device
    return restyled(generator, photos.to(device), generator.rows - 1).cpu()


@torch.inference_mode()
def _copy_ratio(generator: Generator, store: ImageStore, rows: Pictures, side: int) -> float:
    photos = centre_crops(store, rows.photos[:COMPARED], side)
    pictures = centre_crops(store, rows.learned, side)
    return copy_ratio(_restyled(generator, photos), photos, pictures)
