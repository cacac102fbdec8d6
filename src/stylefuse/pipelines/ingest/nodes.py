"""Nodes of ingest: from folders of pictures to a manifest, decoded pictures and a report."""

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
from stylefuse.pipelines.ingest.options import IngestOptions
from stylefuse.pipelines.overlap import refuse_overlap
from stylefuse.pipelines.temporary import report_folder
from stylefuse.tracking import record

if TYPE_CHECKING:
    from stylefuse.pipelines.ingest.finding import Found
    from stylefuse.pipelines.ingest.inspection import Inspected

log = logging.getLogger(__name__)

# Temporary pixels in the staging folder; hidden, so that they are never published.
_WAITING = ".waiting"


def ingest_pictures(
    sample: Path, photos: Path, styles: Path, image_store_staging: Path, options: IngestOptions
) -> tuple[Path, pd.DataFrame]:
    """Inspect every file once; write the usable pictures to an image store, and one row for every file to a manifest.

    Args:
        sample: the embedded sample; not read, but an input, so that it is made first.
        photos: folder of photos, any depth.
        styles: folder with one subfolder of paintings per style.
        image_store_staging: an empty folder on the disk of the image store; the store is written there.
        options: see `IngestOptions`.

    Returns:
        The folder of the image store (`image_store_staging`), and the manifest (`stylefuse.images.manifest.COLUMNS`).
        They are saved in this order. Both are returned even if a style has too few usable pictures, so that the
        report can show why; `check_data` raises the error afterwards.

    Raises:
        ValueError: a folder cannot be read or has no file, or a style's name cannot be used; the message names all of
            them. Or the image store would be inside a folder of pictures, or the other way round.
    """
    # Imported here: Kedro imports this module to list pipelines, which should not wait for torch.
    from stylefuse.pipelines.ingest.finding import find_files

    for folder, parameter in ((photos, "photos"), (styles, "styles")):
        # With data_root inside the pictures, the next ingest would read contact sheets and grids as pictures.
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

    inspected: list[Inspected] = []
    # Duplicates are known only after all files were inspected: until then the pixels are kept on disk.
    waiting = store / _WAITING
    results = map_in_order(partial(inspect, options=options), found, options.workers or os.cpu_count() or 1)
    progress = tqdm(results, "pictures", len(found), mininterval=5)
    write_store(waiting, _pixels_of(progress, inspected))
    manifest = make_manifest(found, inspected, options)
    decoded = [i for i, each in enumerate(inspected) if each.phash is not None]
    keep = (manifest.loc[decoded, "verdict"] == "ok").to_numpy()
    if keep.any():
        pictures = ImageStore(waiting)
        write_store(store, (pictures[int(row)] for row in np.flatnonzero(keep)), manifest)
    else:
        write_store(store, (), manifest)
    shutil.rmtree(waiting)
    return manifest


def _pixels_of(results: "Iterable[Inspected]", inspected: "list[Inspected]") -> Iterator[np.ndarray]:
    """Yield the pixels of each result; append the result without them to `inspected`."""
    for result in results:
        inspected.append(result._replace(pixels=None))
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
    """Write the data report: counts, splits, dropped files with the reasons, warnings, a contact sheet per style.

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
    """Stop the run if there are too few pictures to train on. The report was written before.

    Raises:
        ValueError: a style, or the photos, have too few usable pictures; the message names them and the reasons.
    """
    try:
        require_usable(manifest)
    except ValueError as error:
        raise ValueError(f"{error}, in {data_report / 'index.html'}") from None
