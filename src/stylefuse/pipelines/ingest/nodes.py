"""Nodes of ingest: folders of pictures in; a manifest, decoded pictures and a report out."""

import logging
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from stylefuse.pipelines.ingest.options import IngestOptions
from stylefuse.tracking import record

log = logging.getLogger(__name__)


def ingest_pictures(
    sample: Path, photos: Path, styles: Path, options: IngestOptions
) -> tuple[pd.DataFrame, Path]:
    """Look at every file once; keep the sound ones in an image store, say of each file what became of it.

    Args:
        sample: the embedded sample; not read, named so that it is made first.
        photos: folder of photos, any depth.
        styles: folder with one subfolder of paintings a style.
        options: see `IngestOptions`.

    Returns:
        The manifest (`stylefuse.images.manifest.COLUMNS`) and the folder of the image store.

    Raises:
        ValueError: the folders hold too little to learn from; the message names the style and the remedy.
    """
    # Imported here: Kedro imports this module to list pipelines, which should not wait for torch.
    from stylefuse.images.store import ImageStore, write_store
    from stylefuse.pipelines.ingest.inspection import find_files, inspect, map_in_order
    from stylefuse.pipelines.ingest.selection import make_manifest

    found = find_files(photos, styles)
    looks: list = []
    store = Path(tempfile.mkdtemp(prefix="stylefuse-"))
    try:
        # Which pictures repeat others is known only when all were seen: until then their pixels wait on disk.
        with tempfile.TemporaryDirectory(prefix="stylefuse-") as waiting:
            workers = options.workers or os.cpu_count()
            results = map_in_order(partial(inspect, options=options), found, workers)
            progress = tqdm(results, "pictures", len(found), mininterval=5)
            write_store(Path(waiting), _pixels_of(progress, looks))
            manifest = make_manifest(found, looks, options)
            decoded = [i for i, look in enumerate(looks) if look.phash is not None]
            keep = (manifest.loc[decoded, "verdict"] == "ok").to_numpy()
            pictures = ImageStore(Path(waiting))
            write_store(store, (pictures[row] for row in np.flatnonzero(keep)))
    except BaseException:
        shutil.rmtree(store, ignore_errors=True)
        raise
    _summarise(manifest)
    return manifest, store


def _pixels_of(results: Iterable, looks: list) -> Iterator[np.ndarray]:
    """Pass pixels on as they come, and note the rest of each result in `looks`."""
    for result in results:
        looks.append(result._replace(pixels=None))
        if result.pixels is not None:
            yield result.pixels


def _summarise(manifest: pd.DataFrame) -> None:
    for style in manifest["style"].unique():
        if not style:
            continue  # files beside the style folders
        rows = manifest[manifest["style"] == style]
        splits = rows["split"].value_counts()
        verdicts = rows["verdict"].value_counts()
        log.info(
            "%s: %d files, %d kept (train %d, judge %d, test %d), %d duplicates, %d quarantined, %d trimmed",
            style,
            len(rows),
            verdicts.get("ok", 0),
            splits.get("train", 0),
            splits.get("judge", 0),
            splits.get("test", 0),
            verdicts.get("duplicate", 0),
            verdicts.get("quarantined", 0),
            (rows["trim"] != "").sum(),
        )


def report_data(manifest: pd.DataFrame, image_store: Path, options: IngestOptions) -> Path:
    """Write the data report: counts, splits, what was dropped and why, warnings, a contact sheet a style.

    Returns:
        A folder with index.html and its pictures; also logged to the active MLflow run, under "data".
    """
    from stylefuse.images.store import ImageStore
    from stylefuse.pipelines.ingest.report import warnings_of, write_report

    folder = Path(tempfile.mkdtemp(prefix="stylefuse-"))
    notes = warnings_of(manifest, options)
    for note in notes:
        log.warning(note)
    write_report(folder, manifest, ImageStore(image_store), notes)
    record.log_files(folder, "data")
    return folder
