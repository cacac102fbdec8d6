"""Process all frames of a clip, and write the resulting clip."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import chain, islice
from pathlib import Path
from typing import Any, NamedTuple

from stylefuse.video.consistency import Steady
from stylefuse.video.encoding import Encoder
from stylefuse.video.errors import Cancelled, load_av
from stylefuse.video.neighbours import windows, with_neighbours
from stylefuse.video.options import VideoOptions
from stylefuse.video.parts import Parts
from stylefuse.video.pixels import Frame
from stylefuse.video.reading import Clip, Timed, frames, read_clip
from stylefuse.video.remark import Remark
from stylefuse.video.shots import Shot, find_shots
from stylefuse.video.writing import Target, check_target, join

# Paints a frame: RGB, H×W×3 uint8, upright, in, followed by its neighbours where they are asked for; the result, which
# may be larger, out.
Paint = Callable[..., Frame]
# Frames of a part: what is lost at most when the program is ended.
_PART = 48


class Done(NamedTuple):
    """What was made: frames, shots, frames that an earlier run had made already, and remarks for people."""

    frames: int
    shots: int
    kept: int
    remarks: list[Remark]


def transform_video(
    source: Path,
    target: Path,
    painter: Callable[[Sequence[Frame]], Paint],
    *,
    options: VideoOptions = VideoOptions(),  # noqa: B008 (frozen)
    around: int = 0,
    settings: Mapping[str, Any] | None = None,
    finish: Callable[[Frame], Frame] = lambda frame: frame,
    metadata: Callable[[str], Mapping[str, str]] = lambda number: {},
    progress: Callable[[int, int], None] = lambda done, frames: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Done:
    """Paint every frame of a clip, and write the result with the sound, times, chapters and metadata of the source.

    What is finished stays in a hidden folder beside the target until the target is written. The same call goes on from
    there, after Ctrl-C, a kill or a cancel, and makes the same file. Memory does not grow with the clip.

    For example, for a function of single frames: `transform_video(a, b, lambda samples: function)`.

    Args:
        source: a clip that FFmpeg reads.
        target: ends in .mp4, .m4v, .mov or .mkv; replaced if it exists.
        painter: called at the start of each shot with at most four of its frames; returns what paints its frames.
        around: frames of the shot before and after each one that are moved onto it, and painted together with it.
        settings: plain values that have an effect on what is painted, such as parameters and the model's hash: a run
            with other settings does not go on with frames of this one.
        finish: changes each frame after it was blended with the one before, as a visible label does.
        metadata: of the file, from a number of the result (a hash); they replace those of the source.
        progress: called after each frame with the number of frames that are done and of all frames, often only about
            right, 0 if unknown.
        cancelled: asked before each frame.

    Raises:
        VideoError: the clip cannot be worked on, or another process writes this target.
        Cancelled: `cancelled` said so.
        OSError: the disk is full, or the folder cannot be written.
    """
    check_target(target)
    clip = read_clip(source)
    having_effect = {
        **(settings or {}),
        **asdict(options),
        "around": around,
        "encoder": load_av().__version__,
    }
    total = min(clip.frames, options.preview) if options.preview else clip.frames
    parts = Parts(source, target, having_effect)
    finished = False
    try:
        work = _Work(clip, parts, options, around, lambda done: progress(done, total), cancelled)
        work.run(painter, finish)
        about_file = Target(parts.size(), options.crf, metadata(parts.digest()), whole=not options.preview)
        remarks = [*_remarks(clip, parts.size()), *join(clip, parts.packets(), target, about_file)]
        finished = True
        return Done(work.done, work.shots, work.kept, remarks)
    finally:
        parts.close(remove=finished)


def _remarks(clip: Clip, size: tuple[int, int]) -> list[Remark]:
    remarks = []
    if clip.interlaced:
        sentence = "the clip is interlaced, and was worked on as it is: deinterlace it first"
        remarks.append(Remark("interlaced", sentence))
    if size[0] % 2 or size[1] % 2:
        shape = f"{size[0]}×{size[1]}"
        sentence = f"{shape} has an odd side, and H.264 needs even ones: a line is repeated"
        remarks.append(Remark("odd_side", sentence, {"size": shape}))
    if clip.hdr:
        sentence = f"its colours were {clip.hdr}, and are those of ordinary screens now"
        remarks.append(Remark("hdr_reduced", sentence, {"kind": clip.hdr}))
    return remarks


class _Work:
    """The frames of one clip, which are read twice: ahead, to find the shots, and to be painted."""

    def __init__(
        self,
        clip: Clip,
        parts: Parts,
        options: VideoOptions,
        around: int,
        progress: Callable[[int], None],
        cancelled: Callable[[], bool],
    ):
        self._clip, self._parts, self._options = clip, parts, options
        self._around, self._progress, self._cancelled = around, progress, cancelled
        self.kept = self.done = parts.frames_done()
        self.shots = 0

    def run(self, painter: Callable[[Sequence[Frame]], Paint], finish: Callable[[Frame], Frame]) -> None:
        """Paint all frames that are not in the parts yet."""
        coming = self._frames()
        for shot in self._find_shots():
            self.shots += 1
            framed = windows(islice(coming, shot.length), self._around)
            done = min(self.done - shot.first, shot.length)
            deque(islice(framed, done), maxlen=0)
            if done < shot.length:
                steady = Steady(self._options.steady, self._parts.state() if done else None)
                pictures = ((with_neighbours(*each), each[0].pts) for each in framed)
                self._paint(pictures, painter(shot.samples), steady, finish)

    def _paint(
        self,
        coming: Iterator[tuple[list[Frame], int]],
        paint: Paint,
        steady: Steady,
        finish: Callable[[Frame], Frame],
    ) -> None:
        """Paint frames of one shot, which come with neighbours and time, and store them part by part."""
        while part := list(islice(coming, 1)):
            encoder, packets = None, []
            for pictures, pts in chain(part, islice(coming, _PART - 1)):
                painted = finish(steady(pictures[0], paint(*pictures)))
                if encoder is None:
                    size = painted.shape[1], painted.shape[0]
                    encoder = Encoder(self._clip, size, self._options.crf)
                packets += encoder.encode(painted, pts)
                self.done += 1
                self._progress(self.done)
            assert encoder is not None  # there is a frame
            self._parts.add([*packets, *encoder.finish()], size, steady.state())

    def _find_shots(self) -> Iterator[Shot]:
        shots = find_shots(each.picture for each in self._frames())
        return islice(shots, 1) if self._options.preview else shots

    def _frames(self) -> Iterator[Timed]:
        every = frames(self._clip, self._options.tone_map)
        for each in islice(every, self._options.preview or None):
            if self._cancelled():
                raise Cancelled
            yield each
