"""Add a style to a model's folder, or remove it: the model's own files stay as they are, bit for bit."""

import logging
import shutil
from pathlib import Path
from typing import Any, NamedTuple

from stylefuse.images.names import printable
from stylefuse.networks.added import base_model
from stylefuse.networks.weights import read_weights, write_weights
from stylefuse.serving.bundle import ADDED, ModelError, files_of, place_of, read_model
from stylefuse.serving.default_model import CHAMPION, use_ready_made
from stylefuse.serving.registered import NotRegisteredError, fetch_registered

log = logging.getLogger(__name__)
REGISTERED = "models:/"


class AddedStyle(NamedTuple):
    """The file of an added style, what is known of it, and warnings."""

    file: Path
    facts: dict[str, Any]
    losses: list[dict[str, float]]
    warnings: list[str]


def folder_of(model: str | None, temporary: str) -> Path:
    """Return the folder with the weights of a model: of a folder, a registered model, or the one used by default.

    Args:
        model: as `stylefuse.load` takes it, but not a file.
        temporary: folder for a copy of a registered model.

    Raises:
        ModelError: there is no such model.
    """
    if model is None:
        try:
            return place_of(fetch_registered(CHAMPION, temporary))
        except NotRegisteredError as error:
            folder, notice = use_ready_made(error.reason)
        log.warning(notice)
        return folder
    if model.startswith(REGISTERED):
        return place_of(fetch_registered(model, temporary))
    folder = Path(model).expanduser()
    if not folder.is_dir():
        raise ModelError(
            f"there is no folder {printable(model)}: name a folder with a model, or a registered one"
        )
    return place_of(folder)


def add_style(
    style: str,
    pictures: Path,
    photos: Path,
    model: Path,
    target: Path,
    work: Path,
    options: Any,
    observer: Any = None,
    anew: bool = False,
) -> AddedStyle:
    """Learn a style from pictures, and write the model with it into a folder.

    Args:
        pictures, photos: folders.
        model: folder with the model's weights, see `folder_of`.
        target: where the model's files are copied to, with the style's beside them. May be `model`.
        work: folder for checkpoints and sample grids; with it, an interrupted training goes on.
        options: `AddStyleOptions`.

    Raises:
        StyleRefusedError: the name, a picture or the target cannot be used.
        ModelError: the model cannot be read.
    """
    from stylefuse.tasks.stylize.add_style.learn import learn_style
    from stylefuse.tasks.stylize.add_style.pictures import (
        StyleRefusedError,
        check_name,
        read_photos,
        read_pictures,
    )

    read_model(model)  # says what is wrong with it
    files = files_of(model)
    own = {file.stem: read_weights(file) for file in files if not file.stem.startswith(ADDED)}
    base = base_model(own, [read_weights(file) for file in files if file.stem.startswith(ADDED)])
    check_name(style, base.styles)
    if target != model and target.exists() and any(target.iterdir()):
        raise StyleRefusedError(
            f"{printable(str(target))} is not empty: name another folder for the new model"
        )
    seen = read_photos(photos), read_pictures(pictures)
    learned = learn_style(style, base, seen[1], seen[0], work, options, observer, "restart", anew)
    target.mkdir(parents=True, exist_ok=True)
    for file in files:
        if target != model:
            shutil.copyfile(file, target / file.name)
    file = target / f"{ADDED}{style}.safetensors"
    write_weights(file, learned.weights)
    return AddedStyle(file, learned.weights.facts, learned.losses, learned.warnings)


def remove_style(style: str, model: Path) -> Path:
    """Remove an added style from a model's folder; returns the file that was deleted.

    Raises:
        ModelError: the style was not added to this model.
    """
    place = place_of(model)
    added = sorted(f.stem.removeprefix(ADDED) for f in place.glob(f"{ADDED}*.safetensors"))
    file = place / f"{ADDED}{style}.safetensors"
    if style not in added:
        known = ", ".join(map(printable, added)) or "none"
        raise ModelError(
            f"{printable(style)} was not added to the model in {printable(str(model))}: added styles are {known}, "
            "and styles that a model was trained with cannot be removed"
        )
    file.unlink()
    return file
