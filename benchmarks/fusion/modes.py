"""Which mode is detected in sets whose mode is known: real sets in folders, and sets made from photos.

Every set is also measured in grey, because colour alone tells some sensors apart. Real sets are counted in two halves:
thresholds were chosen on the first of every two (development), the others are held out. Two columns do not depend on
the weights: `kept`, the statistics do not rule out the right mode; `certain`, they rule out all others. Writes modes.md
below --out.
"""

import argparse
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from tqdm import tqdm

from benchmarks.common.command import count
from benchmarks.common.files import write_text
from benchmarks.common.models import load_bundle
from benchmarks.common.photos import load_squares
from benchmarks.common.tables import readable, to_markdown
from benchmarks.fusion.real_sets import read_sets
from stylefuse.images.luma import batch_luma
from stylefuse.tasks.fuse.impossible_modes import mask_impossible_modes
from stylefuse.tasks.fuse.modes import MODES
from stylefuse.tasks.fuse.network import RULED_OUT
from stylefuse.tasks.fuse.pairs import KINDS, synthesise

# Modes of the folders of real sets, by the beginnings of their names, and of synthesised kinds that are no modes.
FOLDERS = {
    "infrared": "multimodal",
    "medical": "multimodal",
    "multi_exposure": "exposure",
    "multi_focus": "focus",
}
KEPT, CERTAIN = "kept", "certain"
SYNTHESISED = {"colour_structure": "multimodal", "sensors": "multimodal"}


class Known(NamedTuple):
    """A set n×3×H×W in [-1, 1], its row of the table, and its mode."""

    row: str
    x: torch.Tensor
    mode: str


def add_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--sets", type=Path, required=True, help="folder with a folder for each kind, of files NN_a, NN_b, …")
    add("--photos", type=Path, help="folder of held-out photos, of which sets are made too")
    add("--photos-limit", type=count, help="only the first so many photos")
    add("--generator", type=Path, required=True, help="weights of the generator whose encoder the fuser uses")
    add("--fuser", type=Path, required=True, help="weights of the fuser")
    add("--out", type=Path, required=True, help="folder of the table")


def run(options: argparse.Namespace) -> None:
    fuser = load_bundle(options.generator, options.fuser, device="cpu").head("fuser")
    found: dict[str, Counter[str]] = {}
    wanted = {}
    sets = [*_real(options.sets)]
    if options.photos:
        sets += _synthesised(options.photos, options.photos_limit)
    with torch.inference_mode():
        for known in tqdm(sets, desc="modes", unit="set"):
            mode = MODES[int(fuser.plan(fuser.pad(known.x[None])).mode[0].argmax())]
            left = mask_impossible_modes(known.x[None], torch.zeros(1, len(MODES)), *RULED_OUT)[0] == 0
            right = bool(left[MODES.index(known.mode)])
            counts = found.setdefault(known.row, Counter())
            counts.update({mode: 1, KEPT: right, CERTAIN: right and int(left.sum()) == 1})
            wanted[known.row] = known.mode
    table = _table(found, wanted)
    write_text(options.out / "modes.md", table)
    print(table)


def _real(folder: Path) -> Iterator[Known]:
    """Raises ValueError for a folder whose mode is not known."""
    for kind in sorted(each for each in folder.iterdir() if each.is_dir()):
        mode = next((mode for start, mode in FOLDERS.items() if kind.name.startswith(start)), None)
        if mode is None:
            raise ValueError(f"the mode of {kind} is not known: names begin with one of {', '.join(FOLDERS)}")
        for index, each in enumerate(read_sets(kind)):
            x = torch.from_numpy(each.load()).permute(0, 3, 1, 2).float() / 127.5 - 1
            half = "held out" if index % 2 else "development"
            yield from _also_grey(f"{readable(kind.name)}, {half}", x, mode)


def _synthesised(folder: Path, limit: int | None) -> Iterator[Known]:
    """Sets of two and of three pictures, in variants that no training sees."""
    for index, photo in enumerate(load_squares(folder, limit)):
        truth = torch.from_numpy(np.array(photo.pixels)).permute(2, 0, 1)[None].float() / 127.5 - 1
        for kind in KINDS:
            x = synthesise(kind, truth, 2 + index % 2, np.random.default_rng(index), unseen=True)[0]
            yield from _also_grey(f"made: {readable(kind)}", x, SYNTHESISED.get(kind, kind))


def _also_grey(row: str, x: torch.Tensor, mode: str) -> Iterator[Known]:
    yield Known(row, x, mode)
    if "colour structure" not in row:  # in grey, that is focus
        yield Known(f"{row}, in grey", batch_luma(x).expand_as(x), mode)


def _table(found: dict[str, Counter[str]], wanted: dict[str, str]) -> str:
    rows = [["sets", "number", "mode", "right", KEPT, CERTAIN, *MODES]]
    for row, modes in found.items():
        number = sum(modes[mode] for mode in MODES)
        shares = [f"{modes[each] / number:.0%}" for each in (wanted[row], KEPT, CERTAIN)]
        rows.append([row, str(number), wanted[row], *shares, *(str(modes[mode] or "") for mode in MODES)])
    return f"# Modes detected\n\n{to_markdown(rows)}\n"
