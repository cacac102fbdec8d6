"""Join three views of a photo, and compare with the photo.

Writes truth.md, truth.json and, with --sheets, panoramas as PNG below --out. Finished sets are kept.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from benchmarks.common.command import count
from benchmarks.common.files import write_json, write_text
from benchmarks.common.photos import picture_files
from benchmarks.common.tables import to_markdown
from benchmarks.panorama.scenes import KINDS, OVERLAPS, VIEWS, make_scene
from benchmarks.panorama.score import score
from benchmarks.panorama.stitchers import STITCHERS, Stitched
from stylefuse.images.io import decode


def add_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--photos", type=Path, required=True, help="folder of wide photos; three sets are made of each")
    add("--photos-limit", type=count, help="only the first so many photos")
    add("--kinds", nargs="*", choices=KINDS, default=list(KINDS), help="of sets; default: all")
    add("--out", type=Path, required=True, help="folder for the table")
    add("--stitchers", nargs="*", choices=list(STITCHERS), default=list(STITCHERS), help="default: all")
    add("--sheets", action="store_true", help="keep the panoramas too")
    add("--seed", type=int, default=1, help="of the sets (%(default)s)")


def run(options: argparse.Namespace) -> None:
    path = options.out / "truth.json"
    results = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    photos = [np.asarray(decode(file)) for file in picture_files(options.photos)[: options.photos_limit]]
    sets = [(kind, i, overlap) for kind in options.kinds for i in range(len(photos)) for overlap in OVERLAPS]
    for kind, i, overlap in tqdm(sets, unit="set"):
        name = f"{kind}-{i:02d}-{round(100 * overlap)}"
        if name not in results:
            scene = make_scene(photos[i], kind, overlap, 100 * options.seed + i)
            made = {each: STITCHERS[each](scene.views) for each in options.stitchers}
            results[name] = {each: _measured(stitched, photos[i]) for each, stitched in made.items()}
            write_json(path, results)
            if options.sheets:
                for each, stitched in made.items():
                    _keep(stitched, options.out / "sheets" / f"{name}-{each}.png")
        write_text(options.out / "truth.md", table(results))
    print(table(results))


def _measured(stitched: Stitched, photo: np.ndarray) -> dict:
    missing = [i + 1 for i in range(VIEWS) if i not in stitched.used]
    named = all(str(number) in stitched.said for number in missing) and bool(stitched.said)
    result = {"result": stitched.panorama is not None, "missing": missing, "named": not missing or named}
    if stitched.panorama is not None:
        result |= score(stitched.panorama, photo)._asdict()
    return result


def _keep(stitched: Stitched, path: Path) -> None:
    if stitched.panorama is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(stitched.panorama).save(path)


def table(results: dict) -> str:
    """Markdown: a line a stitcher, for each kind of set."""
    rows: list[list[object]] = [
        [
            "sets",
            "stitcher",
            "result",
            "all three used",
            "all used or the missing named",
            "RMS, px",
            "90 %",
            "step",
        ]
    ]
    for kind in KINDS:
        of_kind = [each for name, each in results.items() if name.startswith(kind)]
        for stitcher in STITCHERS if of_kind else ():
            each = [result[stitcher] for result in of_kind if stitcher in result]
            if not each:
                continue
            complete = [one for one in each if not one["missing"]]
            errors = [one["rms"] for one in complete if np.isfinite(one["rms"])]
            rows.append(
                [
                    *(f"{kind} ({len(each)})", stitcher, sum(one["result"] for one in each), len(complete)),
                    sum(one["named"] for one in each),
                    f"{np.median(errors):.2f}" if errors else "",
                    f"{np.quantile(errors, 0.9):.2f}" if errors else "",
                    f"{np.nanmedian([one['step'] for one in complete]):.1f}" if complete else "",
                ]
            )
    return (
        "# Panoramas against a known truth\n\nRMS: median over the complete panoramas of the error of place, in px; "
        "90 %: its 0.9 quantile. Step: median of the largest step of brightness within 24 px, levels of 8 bits.\n\n"
        f"{to_markdown(rows)}\n"
    )
