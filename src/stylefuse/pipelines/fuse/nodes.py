"""A folder of sets in, a folder of fused pictures and a report out."""

import json
import logging
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from stylefuse.networks.weights import Weights
from stylefuse.pipelines.apart import refuse_overlap
from stylefuse.pipelines.batch import Piece, Row, Words, Write, run_batch
from stylefuse.pipelines.batch_report import batch_report
from stylefuse.pipelines.folders import printable, unreadable, visible_files
from stylefuse.pipelines.result_names import ResultName, result_names

from .options import FuseOptions
from .sets import PictureSet, find_sets

if TYPE_CHECKING:
    from PIL.Image import Image

    from stylefuse.tasks.fuse.predictor import Combiner

log = logging.getLogger(__name__)
COLUMNS = ["set", "files", "output", "mode", "registration", "warnings", "reason"]
NAMING = "the pictures of a set are named 01_a.jpg, 01_b.jpg, …"
WEIGHTS, REPORT = "_weights.png", ".json"


def fuse_folder(
    generator: Weights, fuser: Weights | None, folder: Path, staging: Path, options: FuseOptions
) -> tuple[Path, pd.DataFrame]:
    """Fuse every set in `folder` and its subfolders; restyle the results if a style is given.

    Args:
        staging: folder in the folder of results, which each result is written to as it is made. What an earlier run
            with the same networks and options left there is not made again.

    Returns:
        `staging` with, for each set `01`, `01.png` (16 bits if an input has them and no style is given), its
        weights `01_weights.png` (white: taken from this picture) and `01.json`, what was done, under the same
        subfolders; and a table with a row for each set, and one for each file of no set: `set`, `files`,
        `output`, `mode`, `registration`, `warnings`, `reason` (why there is no output). In table and JSON, odd
        bytes and control characters of names are escaped; in the table, a cell that a spreadsheet would take for a
        formula has an apostrophe before it (`batch_report`).

    Raises:
        RequestError: there is no such style or mode.
        ValueError: there is no fuser, or it is of another generator; the folder holds no sets, or results; none can
            be fused; or results of another unfinished batch are kept, and `options.restart` is false.
        OSError: the results cannot be written.
    """
    from stylefuse.images.encoding import SUFFIXES
    from stylefuse.serving.request import read_mode
    from stylefuse.tasks.fuse.predictor import Combiner
    from stylefuse.tasks.stylize.params import LOOK, read_look
    from stylefuse.tasks.stylize.predictor import Restyler

    if fuser is None:
        raise ValueError("there is no fuser: run `kedro run --pipelines train_fusion`, then this again")
    read_mode({"mode": options.mode})
    combiner, finish, told = Combiner(generator, fuser), None, {}
    if options.style is not None:
        restyle = Restyler(generator)
        look = read_look({name: getattr(options, name) for name in LOOK}, restyle.styles)
        finish, told = partial(restyle, look=look), look.report()
    files = visible_files(folder)
    sets, strays = find_sets(files)
    if not sets:
        raise ValueError(f"there are no sets in {printable(folder)}: {NAMING}")
    refuse_overlap(folder, files, staging.parent, "fuse_input")
    endings = (SUFFIXES[options.format], WEIGHTS, REPORT)
    names = result_names([[each.name] for each in sets], endings)
    found = {each.name.as_posix(): (each, name) for each, name in zip(sets, names, strict=True)}
    blank = dict.fromkeys(COLUMNS, "")
    table = [blank | {"files": printable(path), "reason": _stray(folder / path)} for path in strays]
    for row in table:
        log.warning("%s: %s", row["files"], row["reason"])

    def fused(piece: Piece, write: Write) -> Row:
        return _fuse_set(*found[piece.name], piece.sources, write, combiner, options, finish, told)

    pieces = [
        Piece(key, tuple(folder / path for path in each.paths), name.base, blank | _about(each))
        for key, (each, name) in found.items()
    ]
    about = {
        "generator": generator.checksum(),
        "fuser": fuser.checksum(),
        "folder of pictures": str(folder.resolve()),
    }
    about |= options.identity()
    table += run_batch(pieces, fused, staging, about, Words("sets", "fused"), options.restart_of("fuse"))
    report = batch_report(table, COLUMNS)
    log.info(
        "%d of %d sets fused, %d files belong to none; results are in %s",
        int((report["output"] != "").sum()),
        len(sets),
        len(strays),
        printable(staging.parent.resolve()),
    )
    return staging, report


def _stray(path: Path) -> str:
    """Why a file is of no set."""
    return unreadable(path) or f"the file belongs to no set: {NAMING}"


def _about(each: PictureSet) -> Row:
    """What is known of a set before it is fused."""
    names = ", ".join(printable(path.name) for path in each.paths)
    return {"set": printable(each.name), "files": names, "reason": printable(each.fault())}


def _fuse_set(
    each: PictureSet,
    name: ResultName,
    sources: tuple[Path, ...],
    write: Write,
    combiner: "Combiner",
    options: FuseOptions,
    finish: "Callable[[Image], Image] | None",
    told: dict[str, Any],
) -> Row:
    """Fuse one set and write what comes of it; returns its row of the table.

    Raises:
        ImageError: a picture of it cannot be read, or its result cannot be written in that format.
    """
    from stylefuse.images.deep import decode_deep
    from stylefuse.images.encoding import SUFFIXES, encode
    from stylefuse.images.files import ImageError
    from stylefuse.images.io import encode_png
    from stylefuse.tasks.fuse.predictor import CombineError, to_rgb
    from stylefuse.tasks.fuse.weights_sheet import weights_sheet

    names = [printable(path.name) for path in each.paths]
    pictures, remarks = [], []
    for source, shown in zip(sources, names, strict=True):
        try:
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                pictures.append(decode_deep(source, options.limits))
        except ImageError as error:
            return {"reason": f"{shown}: {error.message}; {error.remedy}"}
        remarks += [f"{shown}: {warning.message}" for warning in caught]
    try:
        combined = combiner.combine(pictures, options.mode, options.align)
    except CombineError as error:
        return {"reason": f"{error.message}; {error.remedy}"}
    target, report = name.path(SUFFIXES[options.format]), {"files": names, **combined.report, **told}
    picture = finish(to_rgb(combined.picture)) if finish else combined.picture
    exif_of = sources[0] if options.keep_metadata else None
    data, remark = encode(picture, options.format, exif_of, options.limits)
    remarks += [f"{names[0]}: {remark}"] if remark else []
    remarks += [f"the result is called {target.name}: {name.changed}"] if name.changed else []
    report["warnings"] = [printable(each) for each in remarks] + report["warnings"]
    write(target, data)
    write(name.path(WEIGHTS), encode_png(weights_sheet(combined.weights, sorted(each.files))))
    write(name.path(REPORT), json.dumps(report, indent=2, ensure_ascii=False).encode("utf-8"))
    return {
        "output": printable(target),
        "mode": report["mode"],
        "registration": report["registration"]["verdict"],
        "warnings": "; ".join(report["warnings"]),
    }
