"""Run a task on every picture, or every set of pictures, of a folder; keep each result as it is made."""

import json
import logging
import warnings
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from stylefuse.networks.weights import Weights
from stylefuse.pipelines.batch import Piece, Row, Words, Write, run_batch
from stylefuse.pipelines.batch_report import batch_report
from stylefuse.pipelines.batches.also import Also, digest_of, find_also
from stylefuse.pipelines.batches.options import BatchOptions, steps_of
from stylefuse.pipelines.folders import printable, visible_files
from stylefuse.pipelines.overlap import refuse_overlap
from stylefuse.tasks.chains import Step
from stylefuse.tasks.task import Result, Task, find_heads
from stylefuse.video.names import is_video

if TYPE_CHECKING:
    from stylefuse.images.encoding import Picture
    from stylefuse.pipelines.batches.pieces import Pieces
    from stylefuse.serving.bundle import Bundle

log = logging.getLogger(__name__)


def run_folder(
    task: Task, weights: Mapping[str, Weights | None], folder: Path, staging: Path, options: BatchOptions
) -> tuple[Path, pd.DataFrame]:
    """Run a task on every picture, or every set, in `folder` and its subfolders.

    Args:
        weights: of the networks that the task and those which it may append need, by name.
        staging: folder in the folder of results, which each result is written to as it is made. What an earlier run
            with the same networks and options left there is not made again.

    Returns:
        `staging` with a result for each piece, under the same subfolders; for a set `01` also its report `01.json`
        and further files of the task. And a table with a row for each file, or each set and each file of no set:
        names, `output` (empty if there is none), `reason` (empty if there is an output), `warnings`, and the
        task's columns. In table and JSON, odd bytes and control characters of names are escaped; in the table, a
        cell that a spreadsheet would take for a formula has an apostrophe before it (`batch_report`).

    Raises:
        RequestError: an option is out of range, or the model has no such name.
        ValueError: a network is missing or of another encoder; the folder holds nothing to work on, or results; none
            of it could be done; or results of another unfinished batch are kept, and `options.restart` is false.
        OSError: the results cannot be written.
    """
    from stylefuse.images.encoding import SUFFIXES
    from stylefuse.pipelines.batches.pieces import columns_of, picture_sets, single_pictures
    from stylefuse.serving.bundle import Bundle
    from stylefuse.serving.chain import check_chain
    from stylefuse.serving.labelled import signer

    steps = steps_of(task, options)
    for step in steps:
        _require(step.task, weights)
    there = {name: each for name, each in weights.items() if each is not None}
    bundle = Bundle(there)
    check_chain(bundle, steps)
    if options.certificate:
        signer(options.labelling)
    files, suffix = visible_files(folder), SUFFIXES[options.format]
    columns = columns_of(task.takes_several, task.batch.columns)
    if task.takes_several:
        found = picture_sets(folder, files, suffix, task.batch.endings, columns)
    else:
        found = single_pictures(folder, files, suffix, task.batch.endings, columns)
    refuse_overlap(folder, files, staging.parent, f"{task.name}_input")
    about = {name: each.checksum() for name, each in there.items()}
    about |= {"folder of pictures": str(folder.resolve()), **options.fingerprinted()}
    also = find_also(task, options, files)
    if digest := digest_of(also):
        about["optional pictures"] = digest
    make = partial(_make, bundle, steps, options, found, also)
    words, restart = Words(found.what, task.batch.done), options.restart_of(task.name)
    rows = run_batch(found.pieces, make, staging, about, words, restart)
    report = batch_report([*found.strays, *rows], columns)
    strays = f", {len(found.strays)} files belong to none" if task.takes_several else ""
    done = int((report["output"] != "").sum())
    place = printable(staging.parent.resolve())
    log.info("%d of %d %s %s%s; results are in %s", done, len(rows), *words, strays, place)
    return staging, report


def _require(task: Task, weights: Mapping[str, Weights | None]) -> None:
    for name in task.needs:
        if weights.get(name) is None:
            head = find_heads().get(name)
            chain = head.trained_by if head else "train_style"
            raise ValueError(f"there is no {name}: run `kedro run --pipelines {chain}`, then this again")


def _make(
    bundle: "Bundle",
    steps: Sequence[Step],
    options: BatchOptions,
    found: "Pieces",
    also: Also,
    piece: Piece,
    write: Write,
) -> Row:
    """Make one piece and write its files; returns its cells of the table.

    Raises:
        ImageError: a picture cannot be read or worked on, or its result cannot be written in that format.
    """
    from stylefuse.images.encoding import check_sides
    from stylefuse.images.files import ImageError
    from stylefuse.serving.chain import result_size, size_of
    from stylefuse.serving.labelled import encode_labelled, run_labelled
    from stylefuse.tasks.validation import RequestError

    task, name = steps[0].task, found.name_of[piece.name]
    if is_video(piece.sources[0]):
        return _make_clip(bundle, steps, options, piece, write)
    pictures, remarks = _decoded(piece.sources, task, options)
    of = Path(piece.name).with_suffix("")
    named = {n: _decoded([files[of]], task, options)[0][0] for n, files in also.items() if of in files}
    if size := result_size(steps, [size_of(picture) for picture in pictures]):
        check_sides(size, options.format)
    try:
        result = run_labelled(bundle, steps, pictures, piece.sources, options.labelling, named)
    except RequestError as error:
        refused = error.named([source.name for source in piece.sources])
        raise ImageError(refused.code, refused.message, refused.remedy) from error
    exif_of = piece.sources[0] if options.keep_metadata else None
    data, remark = encode_labelled(
        result, options.format, options.labelling, piece.sources, exif_of, options.limits
    )
    first = f"{printable(piece.sources[0].name)}: " if task.takes_several else ""
    remarks += [f"{first}{remark}"] if remark else []
    remarks += [f"the result is called {piece.target.name}: {name.changed}"] if name.changed else []
    remarks = [printable(each) for each in remarks]
    for each in remarks:
        log.warning("%s: %s", printable(piece.name), each)
    texts = remarks + list(result.report.get("warnings", ()))
    write(piece.target, data)
    for ending, content in _further_files(task, result, piece, found.labels_of[piece.name], texts).items():
        write(name.path(ending), content)
    cells = task.batch.cells(result.report)
    return {"output": printable(piece.target), "warnings": printable("; ".join(texts)), **cells}


def _make_clip(
    bundle: "Bundle", steps: Sequence[Step], options: BatchOptions, piece: Piece, write: Write
) -> Row:
    """Make a clip, which goes on where an interrupted run left it; returns its cells of the table."""
    from stylefuse.images.files import ImageError
    from stylefuse.serving.video import run_video
    from stylefuse.tasks.validation import RequestError
    from stylefuse.video.errors import VideoError

    report: dict[str, Any] = {}

    def make(target: Path) -> None:
        report.update(run_video(bundle, steps, piece.sources[0], target, labelling=options.labelling))

    try:
        write(piece.target, make)
    except (RequestError, VideoError) as error:
        raise ImageError(error.code, error.message, error.remedy) from error
    texts = printable("; ".join(report.pop("warnings", ())))
    return {"output": printable(piece.target), "warnings": texts, **steps[0].task.batch.cells(report)}


def _decoded(sources: Sequence[Path], task: Task, options: BatchOptions) -> "tuple[list[Picture], list[str]]":
    """The decoded pictures of a piece, and remarks on them; of a set, errors and remarks name the file."""
    from stylefuse.images.deep import decode_deep
    from stylefuse.images.files import ImageError
    from stylefuse.images.io import decode

    pictures: list[Picture] = []
    remarks = []
    for source in sources:
        named = f"{printable(source.name)}: " if task.takes_several else ""
        try:
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                pictures.append((decode_deep if task.deep else decode)(source, options.limits))
        except ImageError as error:
            raise ImageError(error.code, f"{named}{error.message}", error.remedy) from error
        if task.takes_several:
            remarks += [f"{named}{warning.message}" for warning in caught]
    return pictures, remarks


def _further_files(
    task: Task, result: Result, piece: Piece, labels: Sequence[str], texts: Sequence[str]
) -> dict[str, bytes]:
    """Files beside the result, by their ending."""
    from stylefuse.pipelines.batches.pieces import REPORT

    files = task.batch.files(result, labels) if task.batch.files else {}
    if task.takes_several:
        names = [printable(path.name) for path in piece.sources]
        report: dict[str, Any] = {"files": names, **result.report, "warnings": list(texts)}
        files[REPORT] = json.dumps(report, indent=2, ensure_ascii=False).encode("utf-8")
    return files
