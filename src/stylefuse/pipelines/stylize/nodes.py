"""A folder in, a folder of restyled pictures and a report out."""

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
        `output` (empty if there is none), `reason` (empty if there is an output) and `warnings` (what of its
        metadata was to be kept and could not be).

    Raises:
        RequestError: the generator has no such style.
        ValueError: the folder holds no files.
    """
    from stylefuse.images.files import ImageError, write_whole
    from stylefuse.images.io import decode, encode_png
    from stylefuse.images.metadata import with_metadata
    from stylefuse.serving.request import read_look
    from stylefuse.serving.restyle import Restyler

    restyle = Restyler(generator)
    asked = {"strength": options.strength} | ({"style": options.style} if options.style is not None else {})
    row, strength = read_look(asked, restyle.styles)
    files = visible_files(folder)
    if not files:
        raise ValueError(f"there are no files in {folder}: put the pictures to restyle there")
    out = Path(tempfile.mkdtemp(prefix="stylefuse-"))
    table = []
    for file, target in tqdm(
        list(zip(files, _targets(files), strict=True)),
        desc=restyle.styles[row],
        mininterval=0.5 if sys.stderr.isatty() else 10,
    ):
        reason = remark = ""
        try:
            png = encode_png(restyle(decode(folder / file, options.limits), row, strength))
            if options.keep_metadata:
                png, remark = with_metadata(png, folder / file, options.limits)
            write_whole(out / target, png)
        except ImageError as error:
            reason = f"{error.message}; {error.remedy}"
        if reason or remark:
            log.warning("%s: %s", file.as_posix(), reason or remark)
        table.append((file.as_posix(), "" if reason else target.as_posix(), reason, remark))
    report = pd.DataFrame(table, columns=["file", "output", "reason", "warnings"])
    failed = int((report["reason"] != "").sum())
    if failed == len(files):
        raise ValueError(f"none of the {failed} files could be restyled; {table[0][0]}: {table[0][2]}")
    log.info("%d of %d files restyled as %s", len(files) - failed, len(files), restyle.styles[row])
    return out, report


def _targets(files: Sequence[Path]) -> list[Path]:
    """The files' names with .png; the old suffix stays where two would become one (a.jpg, a.webp)."""
    short = [file.with_suffix(".png") for file in files]
    count = Counter(str(name).casefold() for name in short)
    return [
        name if count[str(name).casefold()] == 1 else file.with_name(f"{file.name}.png")
        for name, file in zip(short, files, strict=True)
    ]
