"""Draw the visible label: a text on a dark plate in the lower right corner (GB 45438-2025, clause 5)."""

import math
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

Picture = Image.Image | np.ndarray
TEXTS = {"zh": "AI生成", "en": "AI-generated"}
# Height of capital letters and of Chinese characters as a part of the short side: the standard asks for 5 %.
_SHARE = 0.052
_LEAST_HEIGHT = (
    8  # px: below, a text is hard to read; pictures that are too narrow for it get less, down to 5 %
)
_THIN, _THICKEN = 16, 2.0  # px: lower letters have strokes thinner than a pixel
_PLATE = 0.75  # opacity. White text on it has a contrast of 10 on white, and 21 on black (WCAG 2.2)
_FONT = Path(__file__).with_name("font") / "NotoSansSC-label.ttf"


def with_text(picture: Picture, language: str) -> Picture:
    """Return a picture with the label's text in its lower right corner; the picture that is given stays as it is.

    Args:
        picture: Pillow's RGB; or H×W or H×W×3, uint8 or uint16.
        language: one of `TEXTS`.
    """
    pixels = np.array(picture)
    height, width = pixels.shape[:2]
    coverage = _plate(TEXTS[language], width, height)
    h, w = coverage.shape
    gap = round(0.15 * h) if h < height and w < width else 0
    bottom, right = max(height - gap, h), max(width - gap, w)
    corner = pixels[bottom - h : bottom, right - w : right]
    white = np.iinfo(pixels.dtype).max
    text = coverage if pixels.ndim == 2 else coverage[..., None]
    dark = corner * (1 - _PLATE)
    corner[:] = np.rint(dark + (white - dark) * text).astype(pixels.dtype)
    return Image.fromarray(pixels) if isinstance(picture, Image.Image) else pixels


def _plate(text: str, width: int, height: int) -> np.ndarray:
    """The share of each of the plate's pixels that the text covers, h×w in [0, 1], no larger than the picture."""
    least = math.ceil(_SHARE * min(width, height))
    for capital in range(max(least, _LEAST_HEIGHT), least - 1, -1):
        font = _font(capital)
        left, top, right, bottom = font.getbbox(text)
        if right - left + 2 <= width and bottom - top + 2 <= height:
            break
    margin = max(1, round(0.35 * least))
    size = (min(int(right - left) + 2 * margin, width), min(int(bottom - top) + 2 * margin, height))
    mask = Image.new("L", size)
    place = ((size[0] - (right - left)) // 2 - left, (size[1] - (bottom - top)) // 2 - top)
    ImageDraw.Draw(mask).text(place, text, fill=255, font=font)
    # Strokes thinner than a pixel would be grey.
    return np.minimum(np.asarray(mask, np.float32) / 255 * (_THICKEN if capital < _THIN else 1), 1)


@cache
def _font(height: int) -> ImageFont.FreeTypeFont:
    """The font at the size at which a capital letter is `height` pixels high."""
    size = height  # of the em, which is larger than a capital letter
    while True:
        font = ImageFont.truetype(str(_FONT), size)
        _, top, _, bottom = font.getbbox("A")
        if bottom - top >= height:
            return font
        size += 1
