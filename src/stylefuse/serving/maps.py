"""Encode the maps that explain a result, small enough to be looked at."""

import base64
from collections.abc import Mapping, Sequence

import numpy as np
from PIL import Image

from stylefuse.images.io import encode_png

MAX_SIDE = 768


def encode_maps(maps: Mapping[str, Sequence[np.ndarray]]) -> dict[str, list[str]]:
    """Grey PNG files in base64, by the maps' names; 0 is black, 1 is white.

    Args:
        maps: lists of h×w, floats in [0, 1]; one may be an array N×h×w. They are scaled down to MAX_SIDE.
    """
    return {name: [_encode(each) for each in several] for name, several in maps.items()}


def _encode(values: np.ndarray) -> str:
    picture = Image.fromarray(np.rint(np.clip(values, 0, 1) * 255).astype(np.uint8))
    picture.thumbnail((MAX_SIDE, MAX_SIDE))
    return base64.b64encode(encode_png(picture)).decode("ascii")
