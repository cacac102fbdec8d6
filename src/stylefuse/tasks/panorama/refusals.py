"""Refuse sets that make no panorama, with the pictures at fault and the remedy."""

from collections.abc import Sequence

from stylefuse.tasks.panorama.features import LEAST_MATCHES, Pair
from stylefuse.tasks.panorama.surfaces import Layout
from stylefuse.tasks.validation import RequestError

MIN_SIDE = 64
# Largest canvas, in pixels of all pictures together: a wrong motion would stretch one picture over any area.
_CANVAS = 4
# OpenCV's warp uses 16-bit coordinates.
_LONGEST = 32_000
_OVERLAP = "neighbours should share a third of their width"


def check_pictures(sizes: Sequence[tuple[int, int]]) -> None:
    """Refuse pictures that are too small or too long for any work on them."""
    for number, (width, height) in enumerate(sizes, 1):
        if min(width, height) < MIN_SIDE:
            remedy = f"use pictures of {MIN_SIDE} pixels a side or more"
            raise RequestError(
                "image", f"picture {number} is {width}×{height} pixels", remedy, "too_small", [number]
            )
        if max(width, height) > _LONGEST:
            remedy = f"scale it to {_LONGEST} pixels a side at most"
            raise RequestError(
                "image", f"picture {number} is {width}×{height} pixels", remedy, "too_many_pixels", [number]
            )


def refuse_missing(pairs: Sequence[Pair], used: Sequence[int], details: Sequence[int], partial: bool) -> None:
    """Refuse a set with pictures that belong to no panorama, or not to the largest one.

    Args:
        details: number of features of each picture.
        partial: whether pictures may be left out, if at least two stay.
    """
    count = len(details)
    missing = [i for i in range(count) if i not in used]
    if not missing or (partial and len(used) > 1):
        return
    plain = [i for i in (missing if len(used) > 1 else range(count)) if details[i] < LEAST_MATCHES]
    if len(used) < 2:
        which = f": {_listed(plain)} too little detail" if plain else ""
        message = f"no two of the {count} pictures overlap{which}"
        raise RequestError("image", message, f"give pictures of one scene; {_OVERLAP}", "no_overlap")
    parts = []
    if plain:
        parts.append(f"{_listed(plain)} too little detail to be placed")
    if others := [i for i in missing if i not in plain]:
        verb = "does" if len(others) == 1 else "do"
        parts.append(f"{_numbers(others)} {verb} not overlap with the others")
    near = [
        p
        for p in pairs
        if p.matrix is not None and p.verdict == "unsure" and (p.first in used) != (p.second in used)
    ]
    hints = [
        f"picture {p.second + 1} may lie beside picture {p.first + 1}, but too little agrees" for p in near
    ]
    message = "; ".join([*parts, *hints])
    them = "it" if len(missing) == 1 else "them"
    remedy = f"take {them} out, send partial=true to leave {them} out, or take the pictures again: {_OVERLAP}"
    raise RequestError("image", message, remedy, "no_overlap", [i + 1 for i in missing])


def _numbers(pictures: Sequence[int]) -> str:
    numbers = [str(i + 1) for i in pictures]
    if len(numbers) == 1:
        return f"picture {numbers[0]}"
    return f"pictures {', '.join(numbers[:-1])} and {numbers[-1]}"


def _listed(pictures: Sequence[int]) -> str:
    return f"{_numbers(pictures)} {'has' if len(pictures) == 1 else 'have'}"


def check_canvas(layout: Layout, sizes: Sequence[tuple[int, int]], size: float, max_pixels: int) -> None:
    """Refuse a canvas that is too large, before any of it is allocated."""
    left, top, right, bottom = layout.bounds
    width, height = right - left, bottom - top
    given = sum(w * h for w, h in sizes)
    if width * height > _CANVAS * given * layout.pixel_share**2 + 10_000:
        message = f"the panorama would have {width}×{height} pixels, more than {_CANVAS} times those of the pictures"
        remedy = "take out pictures that look far aside"
        if layout.surface == "plane" and not layout.flat:
            remedy = "send projection=auto, cylinder or sphere"
        raise RequestError("image", message, remedy, "too_many_pixels")
    limit = min((max_pixels / (width * height)) ** 0.5, _LONGEST / max(width, height))
    if limit < 1:
        message = (
            f"the panorama would have {width}×{height} pixels, {max_pixels / 1e6:g} megapixels are the limit"
        )
        remedy = f"send size={int(limit * size * 100) / 100:g}, or smaller pictures"
        raise RequestError("size", message, remedy, "too_many_pixels")
