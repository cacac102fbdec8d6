"""Read a clip: what it is, and its frames one after the other, upright, as RGB of 8 bits."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from stylefuse.images.names import printable
from stylefuse.video.errors import VideoError, load_av
from stylefuse.video.pixels import FULL, Frame, rgb_of, turned
from stylefuse.video.tone import is_hdr

# Values of FFmpeg's AVColorSpace.
_BT709, _UNSPECIFIED, _BT601 = 1, 2, 5
# From this height on, a clip that does not name its matrix is taken for HD, as players do.
_HD_LINES = 720
# Containers that are read: not playlists, which have FFmpeg read other files and addresses.
_OPENED = {"format_whitelist": "mov,matroska,avi,mpeg,mpegts,asf,flv", "protocol_whitelist": "file"}
_ALWAYS_FULL = ("yuvj", "rgb", "bgr", "gbr", "gray", "pal8")


@dataclass(frozen=True)
class Clip:
    """What is known of a clip before its frames are decoded.

    size: width and height of its frames as stored. turns: quarter turns, counter-clockwise, that make them upright.
    frames: how many there are; 0 if unknown, else often only about right. rate: frames a second on average. hdr: kind
    of HDR, "" for none. matrix, full_range: how its colours are coded. colour: FFmpeg's numbers of matrix, range,
    primaries and curve as the file has them. end: time of the end in units of
    `time_base`, 0 if unknown. display: its display matrix, nine numbers; None for none.
    """

    path: Path
    size: tuple[int, int]
    turns: int
    frames: int
    seconds: float
    end: int
    rate: Fraction
    time_base: Fraction
    aspect: Fraction
    hdr: str
    matrix: int
    full_range: bool
    colour: tuple[int, int, int, int]
    display: tuple[int, ...] | None
    interlaced: bool
    sound: bool

    @property
    def upright(self) -> tuple[int, int]:
        """Width and height as seen."""
        width, height = self.size
        return (height, width) if self.turns % 2 else (width, height)


class Timed(NamedTuple):
    """A frame and its time in units of the clip's time base."""

    picture: Frame
    pts: int


@contextmanager
def opened(path: Path) -> Iterator[Any]:
    """Open a clip with PyAV.

    Raises:
        VideoError: there is no such file, or it is no clip.
    """
    av = load_av()
    try:
        container = av.open(str(path), metadata_errors="replace", options=_OPENED)
    except (av.FFmpegError, OSError) as error:
        reason = error.strerror or str(error)
        raise VideoError(
            "damaged", f"{_shown(path)} cannot be opened ({reason})", "name a video file"
        ) from None
    with container:
        yield container


def metadata_of_clip(path: Path) -> dict[str, str]:
    """Return the metadata of a clip's file.

    Raises:
        VideoError: it cannot be read.
    """
    with opened(path) as container:
        return dict(container.metadata)


def read_clip(path: Path) -> Clip:
    """Return what a clip is; its first frame is decoded for that.

    Raises:
        VideoError: it cannot be read, or has no moving pictures.
    """
    av = load_av()
    with opened(path) as container:
        stream = video_stream(container, path)
        try:
            first = next(container.decode(stream), None)
        except av.FFmpegError as error:
            raise _damaged(path, error) from None
        if first is None:
            raise VideoError(
                "damaged", f"{_shown(path)} has no frame that can be decoded", "name another clip"
            )
        context = stream.codec_context
        rate = Fraction(stream.average_rate or stream.guessed_rate or 25)
        seconds = _seconds(container, stream)
        matrix = first.colorspace
        if matrix in (0, _UNSPECIFIED):
            matrix = _BT709 if first.height >= _HD_LINES else _BT601
        full = first.color_range == FULL or first.format.name.startswith(_ALWAYS_FULL)
        return Clip(
            path=path,
            size=(first.width, first.height),
            turns=round(first.rotation / 90) % 4,
            frames=stream.frames or round(seconds * rate),
            seconds=seconds,
            end=(stream.start_time or 0) + stream.duration if stream.duration else 0,
            rate=rate,
            time_base=Fraction(stream.time_base),
            aspect=Fraction(stream.sample_aspect_ratio or 1),
            hdr=is_hdr(first.color_trc),
            matrix=matrix,
            full_range=full,
            colour=(first.colorspace, first.color_range, context.color_primaries, context.color_trc),
            display=_display(first),
            interlaced=first.interlaced_frame,
            sound=bool(container.streams.audio),
        )


def frames(clip: Clip, tone_map: bool = False) -> Iterator[Timed]:
    """Decode the frames in the order in which they are shown; one is in memory at a time.

    Frames without a time of their own, or not later than the frame before, are left out.

    Args:
        tone_map: reduce HDR to the range of ordinary screens; else HDR clips are refused.

    Raises:
        VideoError: a frame cannot be decoded, its size differs, or the clip is HDR.
    """
    if clip.hdr and not tone_map:
        raise VideoError(
            "hdr",
            f"{_shown(clip.path)} is HDR ({clip.hdr}), and tasks know ordinary colours only",
            "add --tone-map, which reduces its colours, or name a clip that is not HDR",
        )
    av = load_av()
    last: int | None = None
    with opened(clip.path) as container:
        stream = video_stream(container, clip.path)
        stream.thread_type = "AUTO"
        try:
            for frame in container.decode(stream):
                if frame.pts is None or (last is not None and frame.pts <= last):
                    continue
                if (frame.width, frame.height) != clip.size:
                    raise VideoError(
                        "size",
                        f"{_shown(clip.path)} changes its size from {clip.size[0]}×{clip.size[1]} to "
                        f"{frame.width}×{frame.height} on the way",
                        "cut it there, and work on the parts",
                    )
                last = frame.pts
                picture = rgb_of(frame, clip.matrix, clip.full_range, clip.hdr)
                yield Timed(turned(picture, clip.turns), frame.pts)
        except av.FFmpegError as error:
            raise _damaged(clip.path, error) from None


def video_stream(container: Any, path: Path) -> Any:
    """Return the stream of moving pictures: the first one that is no cover picture.

    Raises:
        VideoError: there is none.
    """
    from av.stream import Disposition

    cover = Disposition.attached_pic
    found = next((each for each in container.streams.video if not each.disposition & cover), None)
    if found is None:
        raise VideoError("no_video", f"{_shown(path)} has no moving pictures", "name a video file")
    return found


def _display(frame: Any) -> tuple[int, ...] | None:
    from av.sidedata.sidedata import Type

    found = frame.side_data.get(Type.DISPLAYMATRIX)
    return None if found is None else tuple(int(each) for each in np.frombuffer(bytes(found), np.int32))


def _seconds(container: Any, stream: Any) -> float:
    if stream.duration:
        return float(stream.duration * stream.time_base)
    return (container.duration or 0) / 1e6


def _damaged(path: Path, error: Exception) -> VideoError:
    remedy = "repair the clip, or cut the damaged place out"
    return VideoError("damaged", f"{_shown(path)} cannot be decoded ({error})", remedy)


def _shown(path: Path) -> str:
    return printable(str(path))
