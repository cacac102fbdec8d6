"""Encode frames as H.264 packets."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from stylefuse.video.errors import VideoError, load_av
from stylefuse.video.options import DEFAULT_CRF
from stylefuse.video.pixels import FULL, LIMITED, Frame, planes_of, turned
from stylefuse.video.reading import Clip

CODEC = "libx264"


class Packed(NamedTuple):
    """A frame encoded: its bytes, its time in units of the clip's time base, and whether it needs no other frame."""

    data: bytes
    pts: int
    key: bool


class Encoder:
    """Encodes frames as H.264 without B-frames, so that parts encoded one by one can be joined.

    Args:
        clip: its colours, aspect and time base are kept.
        size: width and height of the upright frames. Odd sides get a repeated line: H.264 needs even ones.
    """

    def __init__(self, clip: Clip, size: tuple[int, int], crf: int = DEFAULT_CRF):
        self._clip, self._crf = clip, crf
        self.size = stored_size(clip, size)
        self._context = load_av().CodecContext.create(codec(), "w")
        configure(self._context, clip, self.size, crf)

    def encode(self, picture: Frame, pts: int) -> list[Packed]:
        """Encode an upright frame; returns packets of it or of earlier ones."""
        stored = _even(turned(picture, -self._clip.turns))
        frame = planes_of(stored, *written_colours(self._clip))
        frame.pts, frame.time_base = pts, self._clip.time_base
        return self._packed(self._context.encode(frame))

    def finish(self) -> list[Packed]:
        """The packets that are left."""
        return self._packed(self._context.encode(None))

    def _packed(self, packets: Sequence[Any]) -> list[Packed]:
        return [Packed(bytes(each), each.pts, each.is_keyframe) for each in packets]


def codec() -> str:
    """The encoder's name.

    Raises:
        VideoError: FFmpeg was built without it.
    """
    if CODEC not in load_av().codecs_available:
        raise VideoError(
            "no_video", f"this FFmpeg has no encoder {CODEC}", "install PyAV's wheel: pip install av"
        )
    return CODEC


def configure(context: Any, clip: Clip, size: tuple[int, int], crf: int) -> None:
    """Set up an encoder; every part of a clip, and the file that they are joined to, get the same one.

    Args:
        size: as stored, see `stored_size`.
    """
    from av.codec.context import Flags

    context.width, context.height = size
    context.pix_fmt = "yuv420p"
    context.time_base, context.framerate = clip.time_base, clip.rate
    context.sample_aspect_ratio = clip.aspect
    matrix, _, primaries, curve = clip.colour
    # An HDR clip is written with ordinary colours.
    context.colorspace, context.color_primaries, context.color_trc = (
        (1, 1, 1) if clip.hdr else (matrix, primaries, curve)
    )
    context.color_range = FULL if written_colours(clip)[1] else LIMITED
    context.flags |= Flags.global_header
    # Without B-frames packets are in the order of their times, across the borders of parts too. The number of threads
    # has an effect on the bytes, so it is fixed.
    context.options = {"crf": str(crf), "preset": "medium", "bf": "0", "threads": "4"}


def written_colours(clip: Clip) -> tuple[int, bool]:
    """Matrix and full range of what is written: those of the clip, or BT.709 in place of HDR."""
    return (1, False) if clip.hdr else (clip.matrix, clip.full_range)


def stored_size(clip: Clip, size: tuple[int, int]) -> tuple[int, int]:
    """Width and height as stored of upright frames: turned as the source's, and even."""
    width, height = size[::-1] if clip.turns % 2 else size
    return width + width % 2, height + height % 2


def _even(picture: Frame) -> Frame:
    down, right = picture.shape[0] % 2, picture.shape[1] % 2
    return np.pad(picture, ((0, down), (0, right), (0, 0)), mode="edge") if down or right else picture
