"""Nodes of ingest: folders of pictures in; a manifest, decoded pictures and a report out."""

import errno
import logging
import os
import shutil
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from tqdm import tqdm

from stylefuse.images.manifest import require_usable
from stylefuse.pipelines.apart import refuse_overlap
from stylefuse.pipelines.ingest.options import IngestOptions
from stylefuse.pipelines.temporary import report_folder
from stylefuse.tracking import record

if TYPE_CHECKING:
    from stylefuse.pipelines.ingest.finding import Found
    from stylefuse.pipelines.ingest.inspection import Inspected

log = logging.getLogger(__name__)

# Where pixels wait in the staging folder; hidden, so it is never taken for a part of the store.
_WAITING = ".waiting"


def ingest_pictures(
    sample: Path, photos: Path, styles: Path, image_store_staging: Path, options: IngestOptions
) -> tuple[Path, pd.DataFrame]:
    """Look at every file once; keep the sound ones in an image store, say of each file what became of it.

    Args:
        sample: the embedded sample; not read, named so that it is made first.
        photos: folder of photos, any depth.
        styles: folder with one subfolder of paintings a style.
        image_store_staging: an empty folder on the disk of the image store, to write the store in.
        options: see `IngestOptions`.

    Returns:
        The folder of the image store (`image_store_staging`), and the manifest (`stylefuse.images.manifest.COLUMNS`):
        in this order, in which they are saved. Both are returned also where a style has too few usable pictures, so
        that the report can show why; `check_data` refuses them after it.

    Raises:
        ValueError: a folder cannot be read or holds no file, or a style's name cannot be used; the message names all.
            The image store is to lie in a folder of pictures, or the other way round.
    """
    # Imported here: Kedro imports this module to list pipelines, which should not wait for torch.
    from stylefuse.pipelines.ingest.finding import find_files

    for folder, parameter in ((photos, "photos"), (styles, "styles")):
        # A data_root among the pictures: the next ingest would take sheets and sample grids for pictures.
        refuse_overlap(folder, (), image_store_staging.parent, parameter)
    found = find_files(photos, styles)
    try:
        manifest = _fill(image_store_staging, found, options)
    except BaseException as error:
        shutil.rmtree(image_store_staging, ignore_errors=True)
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise OSError(
                error.errno,
                f"no space for the decoded pictures in {image_store_staging.parent}, which ingest holds twice while it "
                "runs: make room there, or give another data_root",
            ) from error
        raise
    _summarise(manifest)
    return image_store_staging, manifest


def _fill(store: Path, found: "list[Found]", options: IngestOptions) -> pd.DataFrame:
    """Write the image store of the files into an empty folder; returns the manifest."""
    from stylefuse.images.store import ImageStore, write_store
    from stylefuse.pipelines.ingest.inspection import inspect, map_in_order
    from stylefuse.pipelines.ingest.selection import make_manifest

    looks: list[Inspected] = []
    # Which pictures repeat others is known only when all were seen: until then their pixels wait on disk.
    waiting = store / _WAITING
    results = map_in_order(partial(inspect, options=options), found, options.workers or os.cpu_count())
    progress = tqdm(results, "pictures", len(found), mininterval=5)
    write_store(waiting, _pixels_of(progress, looks))
    manifest = make_manifest(found, looks, options)
    decoded = [i for i, look in enumerate(looks) if look.phash is not None]
    keep = (manifest.loc[decoded, "verdict"] == "ok").to_numpy()
    if keep.any():
        pictures = ImageStore(waiting)
        write_store(store, (pictures[row] for row in np.flatnonzero(keep)), manifest)
    else:
        write_store(store, (), manifest)
    shutil.rmtree(waiting)
    return manifest


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
    from stylefuse.images.store import open_store
    from stylefuse.pipelines.ingest.notes import warnings_of
    from stylefuse.pipelines.ingest.report import write_report

    notes = warnings_of(manifest, options)
    for note in notes:
        log.warning("%s", note)
    with report_folder() as folder:
        write_report(folder, manifest, open_store(image_store, manifest), notes)
        record.log_files(folder, "data")
    return folder


def check_data(manifest: pd.DataFrame, data_report: Path) -> None:
    """End the run where there is too little to learn from, after the report was written.

    Raises:
        ValueError: a style, or the photos, have too few usable pictures; the message names them and the reasons.
    """
    try:
        require_usable(manifest)
    except ValueError as error:
        raise ValueError(f"{error}, in {data_report / 'index.html'}") from None
