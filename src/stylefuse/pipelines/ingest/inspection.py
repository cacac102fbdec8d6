"""Inspect each file once: read, hash, decode, trim and scale it."""

import hashlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from stylefuse.images.duplicates import perceptual_hash
from stylefuse.images.files import ImageError
from stylefuse.images.io import decode
from stylefuse.images.manifest import PHOTO
from stylefuse.images.trim import Margins, cut, find_margins
from stylefuse.pipelines.folders import printable, unreadable
from stylefuse.pipelines.ingest.finding import Found
from stylefuse.pipelines.ingest.options import IngestOptions


class Inspected(NamedTuple):
    """Result of the inspection of a file. `pixels` is H×W×3 uint8, or None, then `reason` says why."""

    bytes: int = 0
    sha256: str = ""
    width: int = 0
    height: int = 0
    margins: Margins = Margins()
    phash: int | None = None
    pixels: np.ndarray | None = None
    reason: str = ""


def inspect(found: Found, options: IngestOptions) -> Inspected:
    """Read, hash, decode, trim (paintings only) and scale one file. No content of a file raises an error."""
    if reason := unreadable(found.file):
        return Inspected(reason=reason)
    try:
        size = found.file.stat().st_size
        if size > options.max_bytes:  # hashed too, in pieces, so that the manifest has a hash for every file
            with found.file.open("rb") as file:
                sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            data = b""
        else:
            data = found.file.read_bytes()
            sha256 = hashlib.sha256(data).hexdigest()
    except OSError as error:
        return Inspected(reason=unreadable(found.file, error))
    result = Inspected(size, sha256)
    if not found.style:
        return result._replace(reason="lies beside the style folders: move it into one of them")
    try:
        picture = decode(data if data else found.file, options.limits)
    except ImageError as error:
        return result._replace(reason=printable(str(error)))
    result = result._replace(width=picture.width, height=picture.height)
    if options.trim_margins and found.style != PHOTO:
        margins = find_margins(picture)
        result = result._replace(margins=margins)
        picture = cut(picture, margins)
    short, long = sorted(picture.size)
    if short < options.min_side:
        return result._replace(
            reason=f"the short side has {short} pixels: {options.min_side} or more are needed"
        )
    if long > short * options.max_aspect:
        return result._replace(reason=f"{long / short:.0f} times as long as wide: cut it into parts")
    scaled = reduce_short_side(picture, options.short_side)
    return result._replace(phash=perceptual_hash(scaled), pixels=np.asarray(scaled))


def reduce_short_side(picture: Image.Image, short_side: int) -> Image.Image:
    """Reduce a larger picture to a short side of `short_side` pixels, antialiased, the proportions kept.

    A smaller picture is returned as it is: enlarging would add pixels and no strokes.
    """
    scale = short_side / min(picture.size)
    if scale >= 1:
        return picture
    size = (max(short_side, round(picture.width * scale)), max(short_side, round(picture.height * scale)))
    return picture.resize(size, Image.Resampling.LANCZOS)


def map_in_order(function: Callable[[Any], Any], items: Iterable[Any], workers: int) -> Iterator[Any]:
    """Yield `function(item)` for each item, in order, computed by `workers` threads a few items ahead.

    Threads are enough, because Pillow and hashlib release the interpreter lock. Only a few results are in memory at a
    time. An interrupt cancels items that have not started.
    """
    pool = ThreadPoolExecutor(workers)
    waiting: deque[Future] = deque()
    try:
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) > 4 * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
