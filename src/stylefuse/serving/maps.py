"""Make and encode the maps that explain a result, small enough to be looked at."""

import base64
from collections.abc import Mapping, Sequence

import numpy as np
from PIL import Image

from stylefuse.images.io import encode_png
from stylefuse.tasks.maps import Map, MapError

MAX_SIDE = 768


def make_maps(
    maps: Mapping[str, Map], names: Sequence[str]
) -> tuple[dict[str, list[bytes]], dict[str, dict[str, str]]]:
    """Make some of a result's maps.

    Args:
        maps: lists of h×w, floats in [0, 1]; one may be an array N×h×w.
        names: of those wanted.

    Returns:
        Grey PNG files by the maps' names, scaled down to MAX_SIDE, 0 black and 1 white; and for each map that cannot be
        made, `code` and `message` that say why.
    """
    made: dict[str, list[bytes]] = {}
    missing: dict[str, dict[str, str]] = {}
    for name in names:
        try:
            made[name] = [_encoded(each) for each in maps[name]]
        except MapError as error:
            missing[name] = {"code": error.code, "message": str(error)}
    return made, missing


def in_base64(made: Mapping[str, Sequence[bytes]]) -> dict[str, list[str]]:
    """Files by name, as JSON holds them."""
    return {name: [base64.b64encode(each).decode("ascii") for each in files] for name, files in made.items()}


def _encoded(values: np.ndarray) -> bytes:
    picture = Image.fromarray(np.rint(np.clip(values, 0, 1) * 255).astype(np.uint8))
    picture.thumbnail((MAX_SIDE, MAX_SIDE))
    return encode_png(picture)
