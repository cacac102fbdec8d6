"""A folder of sets in, a folder of fused pictures and a report out."""

import json
import logging
import sys
import tempfile
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from tqdm import tqdm

from stylefuse.networks.weights import Weights
from stylefuse.pipelines.folders import visible_files

from .options import FuseOptions
from .sets import PictureSet, find_sets

if TYPE_CHECKING:
    from PIL.Image import Image

    from stylefuse.serving.combine import Combiner

log = logging.getLogger(__name__)
COLUMNS = ["set", "files", "output", "mode", "registration", "warnings", "reason"]
NAMING = "the pictures of a set are named 01_a.jpg, 01_b.jpg, …"


def fuse_folder(
    generator: Weights, fuser: Weights | None, folder: Path, options: FuseOptions
) -> tuple[Path, pd.DataFrame]:
    """Fuse every set in `folder` and its subfolders; restyle the results if a style is given.

    Returns:
        A folder with, for each set `01`, `01.png` (16 bits if an input has them and no style is given), its
        weights `01_weights.png` (white: taken from this picture) and `01.json`, what was done, under the same
        subfolders; and a table with a row for each set, and one for each file of no set: `set`, `files`,
        `output`, `mode`, `registration`, `warnings`, `reason` (why there is no output).

    Raises:
        RequestError: there is no such style or mode.
        ValueError: there is no fuser, or it is of another generator; the folder holds no sets; none can be fused.
    """
    from stylefuse.serving.combine import Combiner
    from stylefuse.serving.look import LOOK, read_look
    from stylefuse.serving.request import read_mode
    from stylefuse.serving.restyle import Restyler

    if fuser is None:
        raise ValueError("there is no fuser: run `kedro run --pipeline train_fusion`, then this again")
    read_mode({"mode": options.mode})
    combiner, finish, told = Combiner(generator, fuser), None, {}
    if options.style is not None:
        restyle = Restyler(generator)
        look = read_look({name: getattr(options, name) for name in LOOK}, restyle.styles)
        finish, told = partial(restyle, look=look), look.report()
    sets, strays = find_sets(visible_files(folder))
    if not sets:
        raise ValueError(f"there are no sets in {folder}: {NAMING}")
    out = Path(tempfile.mkdtemp(prefix="stylefuse-"))
    table = [{"files": p.as_posix(), "reason": f"the file belongs to no set: {NAMING}"} for p in strays]
    bar = tqdm(sets, desc="fuse", unit="set", mininterval=0.5 if sys.stderr.isatty() else 10)
    table += [_fuse_set(each, folder, out, combiner, options, finish, told) for each in bar]
    report = pd.DataFrame([dict.fromkeys(COLUMNS, "") | row for row in table])
    for row in report[report["reason"] != ""].itertuples():
        log.warning("%s: %s", row.set or row.files, row.reason)
    done = int((report["output"] != "").sum())
    if done == 0:
        first = report[report["set"] != ""].iloc[0]
        raise ValueError(f"none of the {len(sets)} sets could be fused; {first['set']}: {first['reason']}")
    log.info("%d of %d sets fused, %d files belong to none", done, len(sets), len(strays))
    return out, report


def _fuse_set(
    each: PictureSet,
    folder: Path,
    out: Path,
    combiner: "Combiner",
    options: FuseOptions,
    finish: "Callable[[Image], Image] | None",
    told: dict[str, Any],
) -> dict[str, Any]:
    """Fuse one set and write what comes of it; returns its row of the table."""
    from stylefuse.images.deep import decode_deep
    from stylefuse.images.encoding import encode
    from stylefuse.images.files import ImageError, write_whole
    from stylefuse.images.io import save
    from stylefuse.serving.combine import CombineError, to_rgb

    from .sheet import weights_sheet

    names = [path.name for path in each.paths]
    row = {"set": each.name.as_posix(), "files": ", ".join(names)}
    if fault := each.fault():
        return {**row, "reason": fault}
    pictures, remarks = [], []
    for path in each.paths:
        try:
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                pictures.append(decode_deep(folder / path, options.limits))
        except ImageError as error:
            return {**row, "reason": f"{path.name}: {error.message}; {error.remedy}"}
        remarks += [f"{path.name}: {warning.message}" for warning in caught]
    try:
        combined = combiner.combine(pictures, options.mode, options.align)
    except CombineError as error:
        return {**row, "reason": f"{error.message}; {error.remedy}"}
    target, report = each.target(".png"), {"files": names, **combined.report, **told}
    fused = combined.picture
    source = folder / each.paths[0] if options.keep_metadata else None
    png, remark = encode(finish(to_rgb(fused)) if finish else fused, "png", source, options.limits)
    remarks += [f"{names[0]}: {remark}"] if remark else []
    report["warnings"] = remarks + report["warnings"]
    write_whole(out / target, png)
    save(weights_sheet(combined.weights, sorted(each.files)), out / each.target("_weights.png"))
    text = json.dumps(report, indent=2, ensure_ascii=False)
    (out / each.target(".json")).write_text(text, encoding="utf-8")
    return {
        **row,
        "output": target.as_posix(),
        "mode": report["mode"],
        "registration": report["registration"]["verdict"],
        "warnings": "; ".join(report["warnings"]),
    }
