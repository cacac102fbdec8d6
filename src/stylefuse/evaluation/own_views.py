"""Measure our generator at viewing size, on the files of held-out photos and paintings."""

import logging
from pathlib import Path
from typing import Any

import pandas as pd

from stylefuse.evaluation.networks import Networks
from stylefuse.evaluation.originals import originals
from stylefuse.evaluation.settings import Settings
from stylefuse.evaluation.viewing import Judges, Restyler, Watcher, measure_views, view_paintings
from stylefuse.images.manifest import PHOTO
from stylefuse.images.store import ImageStore

log = logging.getLogger(__name__)


def evaluate_views(
    networks: Networks,
    restyle: Restyler,
    manifest: pd.DataFrame,
    store: ImageStore,
    folders: tuple[Path, Path],
    settings: Settings,
    judge_size: int,
    watch: Watcher | None = None,
) -> list[dict[str, Any]]:
    """Measure every style at the sizes and in the views of the settings; see `measure_views`.

    Photos are reduced to their central squares, since views show no more, and enlarged where they are too small.

    Args:
        restyle: paints with the generator, at any size.
        folders: of the files of photos and of paintings.
        judge_size: px, of the pictures that the judge was trained with.
    """
    viewing, seed = settings.viewing, settings.seed
    largest, widest = max(viewing.sizes), max(viewing.views)
    photos = originals(manifest, store, folders[0], PHOTO, viewing.photos, seed, largest)
    paintings, from_store = {}, {PHOTO: photos.from_store}
    for style in networks.styles[1:]:
        found = originals(manifest, store, folders[1], style, viewing.paintings, seed, widest)
        paintings[style], from_store[style] = found.pictures, found.from_store
    if missing := {style: n for style, n in from_store.items() if n}:
        log.warning(
            "at viewing size, the image store's smaller pictures stand for files that are gone or changed: %s",
            ", ".join(f"{n} of {style}" for style, n in missing.items()),
        )
    judges = Judges(networks.judge, networks.judge_classes, judge_size, device=networks.device)
    return measure_views(
        photos.pictures,
        restyle,
        view_paintings(paintings, viewing.views, judges),
        viewing.sizes,
        judges,
        settings,
        enlarge=True,
        watch=watch,
    )
