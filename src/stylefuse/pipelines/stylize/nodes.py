"""A folder in, a folder of restyled pictures and a report out."""

import json
import logging
from pathlib import Path

import pandas as pd

from stylefuse.networks.weights import Weights
from stylefuse.pipelines.apart import refuse_overlap
from stylefuse.pipelines.batch import Piece, Row, Words, Write, run_batch
from stylefuse.pipelines.batch_report import batch_report
from stylefuse.pipelines.folders import printable, visible_files
from stylefuse.pipelines.result_names import result_names

from .options import StylizeOptions

log = logging.getLogger(__name__)
COLUMNS = ["file", "output", "reason", "warnings", "look"]


def stylize_folder(
    generator: Weights, folder: Path, staging: Path, options: StylizeOptions
) -> tuple[Path, pd.DataFrame]:
    """Restyle every picture in `folder` and its subfolders, at its own size.

    Args:
        staging: folder in the folder of results, which each result is written to as it is made. What an earlier run
            with the same generator and options left there is not made again.

    Returns:
        `staging`, with a picture for each picture, under the same subfolders; and a table of all files: `file`,
        `output` (empty if there is none), `reason` (empty if there is an output), `warnings` (what of its
        metadata was to be kept and could not be, and why its result has another name) and `look` (JSON: what was
        done). In the table, odd bytes and control characters of names are escaped, and a cell that a spreadsheet
        would take for a formula has an apostrophe before it (`batch_report`).

    Raises:
        RequestError: the generator has no such style, or another option is out of range.
        ValueError: the folder holds no files, or results; or none of its files could be restyled; or results of
            another unfinished batch are kept, and `options.restart` is false.
        OSError: the results cannot be written.
    """
    from stylefuse.images.encoding import SUFFIXES, check_sides, encode
    from stylefuse.images.io import decode
    from stylefuse.tasks.stylize.mixture import as_text
    from stylefuse.tasks.stylize.params import LOOK, read_look
    from stylefuse.tasks.stylize.predictor import Restyler

    restyle = Restyler(generator)
    given = {name: getattr(options, name) for name in LOOK}
    look = read_look({name: value for name, value in given.items() if value is not None}, restyle.styles)
    told = json.dumps(look.report(), ensure_ascii=False)
    files = visible_files(folder)
    if not files:
        raise ValueError(f"there are no files in {printable(folder)}: put the pictures to restyle there")
    refuse_overlap(folder, files, staging.parent, "stylize_input")
    suffix = SUFFIXES[options.format]
    names = result_names([(file.with_suffix(""), file) for file in files], [suffix])
    changed = {file.as_posix(): name.changed for file, name in zip(files, names, strict=True)}

    def restyled(piece: Piece, write: Write) -> Row:
        (source,) = piece.sources
        picture = decode(source, options.limits)
        check_sides(picture.size, options.format)
        exif_of = source if options.keep_metadata else None
        data, remark = encode(restyle(picture, look), options.format, exif_of, options.limits)
        write(piece.target, data)
        remarks = [remark] if remark else []
        if why := changed[piece.name]:
            remarks.append(f"the result is called {piece.target.name}: {why}")
        for each in remarks:
            log.warning("%s: %s", printable(piece.name), printable(each))
        return {"output": printable(piece.target), "warnings": printable("; ".join(remarks)), "look": told}

    blank = dict.fromkeys(COLUMNS, "")
    pieces = [
        Piece(file.as_posix(), (folder / file,), name.path(suffix), blank | {"file": printable(file)})
        for file, name in zip(files, names, strict=True)
    ]
    about = {"generator": generator.checksum(), "folder of pictures": str(folder.resolve())}
    about |= options.identity()
    words, restart = Words("pictures", "restyled"), options.restart_of("stylize")
    table = run_batch(pieces, restyled, staging, about, words, restart)
    report = batch_report(table, COLUMNS)
    log.info(
        "%d of %d pictures restyled as %s; results are in %s",
        int((report["output"] != "").sum()),
        len(files),
        as_text(look.styles),
        printable(staging.parent.resolve()),
    )
    return staging, report
