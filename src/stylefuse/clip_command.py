"""Run tasks on video clips from the command line: flags, and the run. PyTorch is imported only for the run."""

import argparse
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from stylefuse.images.names import printable
from stylefuse.labels.options import Labelling
from stylefuse.task_files import Fault, WrongUse
from stylefuse.tasks.task import Task
from stylefuse.video.options import DEFAULT_CRF, DEFAULT_STEADY, MOST_CRF, MOST_STEADY, VideoOptions

if TYPE_CHECKING:
    from stylefuse.model import Model

_EVERY = 2.0  # seconds between two lines of progress


def add_clip_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags of clips."""
    group = parser.add_argument_group(
        "clips",
        "MP4, Matroska and others, which need stylefuse[video]; an interrupted command goes on when repeated",
    )
    group.add_argument(
        "--steady",
        type=float,
        metavar="SHARE",
        help=f"0 to {MOST_STEADY}; share of what was painted before in each frame, against flicker of strokes "
        f"({DEFAULT_STEADY})",
    )
    group.add_argument(
        "--crf",
        type=int,
        default=DEFAULT_CRF,
        help=f"0 to {MOST_CRF}; of the H.264 encoder: higher ones make smaller files (%(default)s)",
    )
    group.add_argument("--tone-map", action="store_true", help="reduce HDR clips to ordinary colours")
    group.add_argument(
        "--preview",
        type=int,
        default=0,
        metavar="FRAMES",
        help="of the first shot, at most so many; no sound",
    )


def read_clip_flags(tasks: Sequence[Task], options: argparse.Namespace) -> VideoOptions:
    """What the flags say; tasks: of the chain.

    Raises:
        WrongUse: a value is out of range.
    """
    if options.steady is not None and not any(task.flickers for task in tasks):
        raise WrongUse(f"--steady has no effect on {tasks[-1].name}, which paints no strokes", "leave it out")
    steady = DEFAULT_STEADY if options.steady is None else options.steady
    try:
        return VideoOptions(steady, options.crf, options.tone_map, options.preview)
    except ValueError as error:
        message, _, remedy = str(error).partition(": ")
        raise WrongUse(f"--{message}", remedy) from None


class Clip(NamedTuple):
    """What to do with clips; language: of the report in words, None for none."""

    chain: str
    params: Mapping[str, Any]
    labelling: Labelling
    options: VideoOptions
    language: str | None


def run_clip(model: "Model", clip: Clip, source: Path, target: Path) -> dict[str, Any] | Fault:
    """Work on a clip; returns what its line of JSON says, or why there is no result."""
    from stylefuse.tasks.validation import RequestError
    from stylefuse.video.errors import VideoError

    try:
        report = model.run_video(
            clip.chain,
            source,
            target,
            labelling=clip.labelling,
            options=clip.options,
            progress=_Progress(source),
            **clip.params,
        )
    except (RequestError, VideoError) as error:
        return Fault(error.code, error.message, error.remedy)
    except OSError as error:
        return Fault("cannot_write", str(error), "correct this; the same command goes on")
    except KeyboardInterrupt:
        print("what is finished is kept: the same command goes on", file=sys.stderr, flush=True)
        raise
    if clip.language:
        from stylefuse.words.report import report_sentences

        words = {clip.language: [each.text for each in report_sentences(report, clip.language)]}
        report |= {"words": words}
    return {"report": report}


class _Progress:
    """Says on a terminal how far the work is."""

    def __init__(self, source: Path, clock: Callable[[], float] = time.monotonic):
        self._name, self._clock = printable(source.name), clock
        self._start: tuple[float, int] | None = None
        self._said = 0.0

    def __call__(self, done: int, frames: int) -> None:
        now = self._clock()
        self._start = self._start or (now, done)
        if not sys.stderr.isatty() or now < self._said + _EVERY:
            return
        since, first = self._start
        speed = (done - first) / max(now - since, 1e-3)
        of = f" of {frames}" if frames >= done else ""
        print(f"{self._name}: {done}{of} frames, {speed:.1f} a second", file=sys.stderr, flush=True)
        self._said = now
