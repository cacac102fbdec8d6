"""Run the process that works on one clip: what to do is a line of JSON on standard input, progress on standard output.

When the server is gone, however it went, standard input is closed, and this process ends at once.
"""

import argparse
import json
import logging
import os
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import torch

from stylefuse._memory import reuse_freed_memory
from stylefuse.labels.options import Labelling
from stylefuse.messages import LANGUAGES
from stylefuse.serving.bundle import load_bundle, read_model
from stylefuse.serving.in_words import WORDS
from stylefuse.serving.predictor import RequestPredictor
from stylefuse.serving.request import MAX_PIXELS, TASK
from stylefuse.serving.service.clips.params import ClipParams
from stylefuse.serving.service.errors import internal, out_of_memory
from stylefuse.serving.video import run_video
from stylefuse.tasks.validation import RequestError
from stylefuse.video.errors import VideoError
from stylefuse.video.names import result_ending
from stylefuse.video.options import VideoOptions
from stylefuse.video.reading import opened, video_stream
from stylefuse.words.report import report_sentences

log = logging.getLogger(__name__)
# Progress is sent no more often.
_TELL_SECONDS = 0.2


class Teller:
    """Sends lines of JSON to the server."""

    def __init__(self, pipe: BinaryIO):
        self._pipe, self._next = pipe, 0.0

    def tell(self, **words: Any) -> None:
        self._pipe.write(json.dumps(words, allow_nan=False).encode() + b"\n")
        self._pipe.flush()

    def progress(self, frames: int, total: int) -> None:
        """Tell how many frames are done, now and then."""
        if time.monotonic() >= self._next:
            self.tell(frames=frames, total=total)
            self._next = time.monotonic() + _TELL_SECONDS


def work(model: Path, labelling: Labelling, most_frames: int, ask: Mapping[str, Any], teller: Teller) -> None:
    """Do one job, and tell its result or why there is none.

    Args:
        ask: `clip`, a file; `name`, which its sender gave it; `folder`, for the result; `task`, a chain; its `params`;
            `options`, see `ClipParams`.
    """
    try:
        clip, folder = Path(ask["clip"]), Path(ask["folder"])
        check_clip(clip, most_frames)
        options = ClipParams.read(ask["options"])
        bundle = load_bundle(read_model(model))
        request = RequestPredictor(bundle).check({TASK: ask["task"], **ask["params"]})
        target = folder / f"result{result_ending(Path(ask['name']))}"
        how = VideoOptions(**options.model_dump())
        report = run_video(
            bundle, request.steps, clip, target, labelling=labelling, options=how, progress=teller.progress
        )
        teller.tell(frames=report["frames"], total=report["frames"])
        report = {TASK: request.chain, **report}
        words = {each: [sentence.text for sentence in report_sentences(report, each)] for each in LANGUAGES}
        teller.tell(result=target.name, report=report | {WORDS: words})
    except RequestError as error:
        teller.tell(error=_error(error.code, str(error), error.field))
    except VideoError as error:
        message = error.message.replace(str(clip), "the file")  # where it lies is nobody's business
        teller.tell(error=_error(error.code, f"clip: {message}; {error.remedy}", "clip"))
    except OSError as error:
        log.exception("the result cannot be written")
        text = f"the result cannot be written ({error.strerror}): try again later, or send a shorter clip"
        teller.tell(error=_error("disk_full", text))
    except Exception as error:
        log.exception("a clip cannot be worked on")
        refused = out_of_memory() if isinstance(error, MemoryError) else internal()
        teller.tell(error=_error(refused.code, refused.message))


def check_clip(clip: Path, most_frames: int) -> None:
    """Raise VideoError for a clip of more, or larger, frames than a server takes."""
    with opened(clip) as container:
        stream = video_stream(container, clip)
        width, height = stream.codec_context.width, stream.codec_context.height
        if width * height > MAX_PIXELS:
            text = f"its frames have {width}×{height} pixels, more than {MAX_PIXELS / 1e6:g} megapixels"
            raise VideoError("too_many_pixels", text, "scale it down")
        rate, seconds = stream.average_rate or 0, (container.duration or 0) / 1e6
        frames = stream.frames or round(seconds * rate)
        if frames > most_frames:
            text = f"it has {frames} frames, more than {most_frames}"
            raise VideoError("too_long", text, "cut it into shorter clips")


def _error(code: str, message: str, field: str = "") -> dict[str, str]:
    return {"code": code, "message": message, "field": field}


def _end_with_the_server() -> None:
    sys.stdin.read()
    os._exit(0)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--frames", type=int, required=True)
    parser.add_argument("--labelling", default="{}", help="fields of `labels.options.Labelling` as JSON")
    options = parser.parse_args(arguments)
    logging.basicConfig(format="%(asctime)s clip %(levelname)s %(message)s", level=logging.INFO)
    teller = Teller(os.fdopen(os.dup(1), "wb"))
    os.dup2(2, 1)  # what anything prints goes to the log
    ask = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_the_server, daemon=True).start()
    reuse_freed_memory()
    if options.threads:
        torch.set_num_threads(options.threads)
    labelling = Labelling(**json.loads(options.labelling))
    work(options.model, labelling, options.frames, ask, teller)
    return 0


if __name__ == "__main__":
    sys.exit(main())
