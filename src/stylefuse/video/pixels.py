"""Pixels of frames: from FFmpeg's planes to RGB and back."""

from typing import Any

import numpy as np

from stylefuse.video.tone import to_sdr

LIMITED, FULL = 1, 2  # values of FFmpeg's AVColorRange
Frame = np.ndarray  # H×W×3 uint8, RGB, upright


def rgb_of(frame: Any, matrix: int, full_range: bool, hdr: str = "") -> Frame:
    """Return PyAV's frame as RGB, not turned.

    Args:
        matrix, full_range: how its colours are coded.
        hdr: see `tone.is_hdr`.
    """
    found = frame.reformat(
        format="rgb48le" if hdr else "rgb24",
        src_colorspace=matrix,
        src_color_range=FULL if full_range else LIMITED,
        dst_color_range=FULL,
        interpolation=_interpolation(),
    ).to_ndarray()
    return to_sdr(found, hdr) if hdr else found


def planes_of(picture: Frame, matrix: int, full_range: bool) -> Any:
    """Return an RGB picture of even sides as PyAV's frame of 8-bit 4:2:0."""
    import av

    return av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(
        format="yuv420p",
        src_color_range=FULL,
        dst_colorspace=matrix,
        dst_color_range=FULL if full_range else LIMITED,
        interpolation=_interpolation(),
    )


def turned(picture: Frame, turns: int) -> Frame:
    """Turn a picture by quarter turns, counter-clockwise."""
    return np.ascontiguousarray(np.rot90(picture, turns)) if turns % 4 else picture


def _interpolation() -> int:
    """How the colour planes are scaled: bicubic, with exact rounding."""
    from av.video.reformatter import Interpolation

    return int(Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT)
