"""A folder in, a folder of restyled pictures and a report out."""

import json
import logging
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from tqdm import tqdm

from stylefuse.networks.weights import Weights
from stylefuse.pipelines.folders import visible_files

from .options import StylizeOptions

log = logging.getLogger(__name__)


def stylize_folder(generator: Weights, folder: Path, options: StylizeOptions) -> tuple[Path, pd.DataFrame]:
    """Restyle every picture in `folder` and its subfolders, at its own size.

    Returns:
        A folder with a PNG for each picture, under the same subfolders; and a table of all files: `file`,
        `output` (empty if there is none), `reason` (empty if there is an output), `warnings` (what of its
        metadata was to be kept and could not be) and `look` (JSON: what was done).

    Raises:
        RequestError: the generator has no such style, or another option is out of range.
        ValueError: the folder holds no files.
    """
    from stylefuse.images.encoding import encode
    from stylefuse.images.files import ImageError, write_whole
    from stylefuse.images.io import decode
    from stylefuse.serving.look import LOOK, read_look
    from stylefuse.serving.mixture import as_text
    from stylefuse.serving.restyle import Restyler

    restyle = Restyler(generator)
    given = {name: getattr(options, name) for name in LOOK}
    look = read_look({name: value for name, value in given.items() if value is not None}, restyle.styles)
    told = json.dumps(look.report(), ensure_ascii=False)
    files = visible_files(folder)
    if not files:
        raise ValueError(f"there are no files in {folder}: put the pictures to restyle there")
    out = Path(tempfile.mkdtemp(prefix="stylefuse-"))
    table = []
    for file, target in tqdm(
        list(zip(files, _targets(files), strict=True)),
        desc=as_text(look.styles),
        mininterval=0.5 if sys.stderr.isatty() else 10,
    ):
        reason = remark = ""
        try:
            source = folder / file
            restyled = restyle(decode(source, options.limits), look)
            png, remark = encode(restyled, "png", source if options.keep_metadata else None, options.limits)
            write_whole(out / target, png)
        except ImageError as error:
            reason = f"{error.message}; {error.remedy}"
        if reason or remark:
            log.warning("%s: %s", file.as_posix(), reason or remark)
        output, done = ("", "") if reason else (target.as_posix(), told)
        table.append((file.as_posix(), output, reason, remark, done))
    report = pd.DataFrame(table, columns=["file", "output", "reason", "warnings", "look"])
    failed = int((report["reason"] != "").sum())
    if failed == len(files):
        raise ValueError(f"none of the {failed} files could be restyled; {table[0][0]}: {table[0][2]}")
    log.info("%d of %d files restyled as %s", len(files) - failed, len(files), as_text(look.styles))
    return out, report


def _targets(files: Sequence[Path]) -> list[Path]:
    """The files' names with .png; the old suffix stays where two would become one (a.jpg, a.webp)."""
    short = [file.with_suffix(".png") for file in files]
    count = Counter(str(name).casefold() for name in short)
    return [
        name if count[str(name).casefold()] == 1 else file.with_name(f"{file.name}.png")
        for name, file in zip(short, files, strict=True)
    ]
