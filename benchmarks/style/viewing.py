"""Compare ways to restyle large photos at the size at which people look at them.

Each photo is restyled at each size (short side), and the result is reduced to each view; see
`stylefuse.evaluation.viewing`. Writes a table (Markdown), what was measured (JSON) and sheets to look at below --out.
Sizes of a method that are there are kept: after an interruption the same command continues.
"""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image

from benchmarks.common.command import count
from benchmarks.common.files import hash_of, write_json, write_text
from benchmarks.common.photos import picture_files
from benchmarks.common.sheets import evenly_spaced
from benchmarks.style.data import load_data, style_folder
from benchmarks.style.patch_judge import patch_judge
from benchmarks.style.records import read_kept
from benchmarks.style.restylers import METHODS, Given, MissingError
from benchmarks.style.viewing_report import PART, SHOWN, WHOLE, draw_sheet, report, shown_file
from stylefuse.evaluation.originals import originals
from stylefuse.evaluation.summary import plain
from stylefuse.evaluation.viewing import (
    DETAIL,
    Judges,
    Restyler,
    Viewed,
    busiest,
    measure_views,
    view_of,
    view_paintings,
)
from stylefuse.images.io import decode, save, to_image
from stylefuse.networks.weights import read_weights
from stylefuse.training.fingerprint import code_hash

SIZES, VIEWS = (256, 512, 1024, 2048, 4096), (256, 512)


class Bench(NamedTuple):
    """What all methods have in common. files: of the photos; settings: what must be equal for results to be kept."""

    files: list[Path]
    paintings: Mapping[tuple[str, int], Viewed]
    judges: Judges
    given: Given
    enlarge: bool
    settings: dict[str, Any]
    out: Path


def add_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("generator", type=Path, help="weights of the generator, those of its reviser beside it")
    add("--photos", type=Path, nargs="+", required=True, help="folders of large photos")
    add("--paintings-data", type=Path, required=True, help="data root with paintings and judge")
    add("--out", type=Path, required=True, help="folder for results, table and sheets")
    add(
        "--env", default="paintings", help="environment of conf/ that the data root was made in (%(default)s)"
    )
    add("--styles", type=Path, help="folder of the paintings' files; default: that of the environment")
    add(
        "--methods",
        nargs="+",
        default=list(METHODS),
        choices=METHODS,
        metavar="NAME",
        help=", ".join(METHODS),
    )
    add("--rivals", type=Path, help="--out of a finished `compare`: its adain, cut and cyclegan take part")
    add(
        "--sizes", nargs="+", type=count, default=SIZES, metavar="PX", help="short sides; default: 256 … 4096"
    )
    add("--views", nargs="+", type=count, default=VIEWS, metavar="PX", help="short sides; default: 256 512")
    add("--count", type=count, help="photos of each folder, spread over it; default: all")
    add(
        "--enlarge",
        action="store_true",
        help="enlarge photos smaller than a size; default: leave them out there",
    )
    add("--draft", type=count, default=256, help="short side of the enlarged draft, px (%(default)s)")
    add("--seed", type=int, default=1, help="of examples and rivals (%(default)s)")
    add("--no-patch-judge", action="store_true", help="do without it, which saves its training")


def run(options: argparse.Namespace) -> None:
    bench, cells = prepare(options), {}
    for name in options.methods:
        try:
            restyle = METHODS[name](bench.given)
        except MissingError as reason:
            print(f"{name} is left out: {reason}", flush=True)
            continue
        for size in sorted(options.sizes):
            cells[name] = [*cells.get(name, ()), *measured(bench, name, restyle, size)]
            # After each size, so that there is something to read before the last.
            write_text(options.out / "table.md", report(cells))
    for kind in (WHOLE, PART):
        for row, style in enumerate(bench.given.data.styles[1:], start=1):
            draw_sheet(bench.out, kind, row, style, list(cells), sorted(options.sizes))
    print(report(cells))


def prepare(options: argparse.Namespace) -> Bench:
    """Read the data, look at the paintings, and train the patch judge where there is none.

    Raises:
        FileNotFoundError, ValueError: something is missing or does not fit; the message names it and the remedy.
    """
    data = load_data(options.paintings_data, options.env)
    styles = read_weights(options.generator).facts["styles"]
    if styles != data.styles:
        raise ValueError(
            f"{options.generator} paints {styles}, the data has {data.styles}: give the data it learned"
        )
    files = []
    for folder in options.photos:
        found = picture_files(folder)
        files += [found[i] for i in evenly_spaced(len(found), options.count or len(found))]
    patches = None
    if not options.no_patch_judge:
        patches = patch_judge(data, options.out / "weights" / "patch_judge.safetensors").log_probabilities
    judges = Judges(data.judge, data.judge_classes, data.training.image_size, patches, data.device)
    folder, settings, widest = (
        options.styles or style_folder(options.env),
        data.evaluation,
        max(options.views),
    )
    read = {
        style: originals(data.manifest, data.store, folder, style, settings.paintings, settings.seed, widest)
        for style in data.styles[1:]
    }
    return Bench(
        files,
        view_paintings({style: found.pictures for style, found in read.items()}, options.views, judges),
        judges,
        Given(data, options.generator, options.rivals, options.draft, options.seed),
        options.enlarge,
        {
            "data": data.version,
            "generator": hash_of(options.generator),
            "code": code_hash("stylefuse.tasks.stylize.predictor", "stylefuse.evaluation.viewing"),
            "photos": [hash_of(file) for file in files],
            "views": list(options.views),
            "enlarge": options.enlarge,
            "draft": options.draft,
            "seed": options.seed,
            "patch_judge": patches is not None,
            "paintings_from_store": {style: found.from_store for style, found in read.items()},
        },
        options.out,
    )


def measured(bench: Bench, name: str, restyle: Restyler, size: int) -> list[dict[str, Any]]:
    """Return the cells of one method at one size: kept ones, or measured now.

    Raises:
        ValueError: what is kept was made with other settings.
    """
    kept = bench.out / "runs" / f"{name}-{size}.json"
    if record := read_kept(kept, bench.settings):
        return record["cells"]
    shown = evenly_spaced(len(bench.files), SHOWN)

    def watch(index: int, size: int, row: int, photo: Image.Image, result: Image.Image) -> None:
        print(f"{name}, {size} px: {bench.files[index].name}, style {row}", flush=True)
        if index in shown:
            whole = to_image(view_of(result, min(256, size)))
            for kind, picture in ((WHOLE, whole), (PART, result.crop(busiest(photo, DETAIL)))):
                save(picture, shown_file(bench.out, name, size, row, shown.index(index), kind))

    cells = measure_views(
        (decode(file) for file in bench.files),
        restyle,
        bench.paintings,
        [size],
        bench.judges,
        bench.given.data.evaluation,
        bench.enlarge,
        watch,
    )
    cells = plain(cells)
    write_json(kept, {"settings": bench.settings, "cells": cells})
    return cells
