"""Measure restyled pictures at the size at which people look at them.

A photo is restyled at a size (short side, px), the result is reduced to the size of a view, and its central square is
compared with paintings in the same view. Strokes that shrink with the pixels are lost in the view, so the numbers fall
with the size; strokes that are as large in the picture as those of the paintings keep them.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from stylefuse.evaluation.brush import brush_features, brush_scores
from stylefuse.evaluation.settings import Settings
from stylefuse.images.crops import centre_square, resized
from stylefuse.images.io import to_tensor
from stylefuse.metrics.classification import accuracy, mean_probability
from stylefuse.metrics.content import edge_correlation, luma_ssim

# A photo, and the row of a style (1 for the first style) → the restyled photo, of the same size.
Restyler = Callable[[Image.Image, int], Image.Image]
# Index and size of a photo, row of a style, the photo at that size, restyled: called for each picture.
Watcher = Callable[[int, int, int, Image.Image, Image.Image], None]

DETAIL = 192  # px, side of the detail at 1:1

_Features = dict[str, Tensor]


class Judges(NamedTuple):
    """What judges a view.

    judge: pictures N×3×size×size in [-1, 1] → logits N×(K+1).
    classes: the judge's class of each of the styles, "photo" first.
    size: side in px of the pictures that the judge was trained with; a view is reduced to it.
    patches: like `judge`, but with the styles' own order of classes; None: no such judge.
    """

    judge: Callable[[Tensor], Tensor]
    classes: Sequence[int]
    size: int = 128
    patches: Callable[[Tensor], Tensor] | None = None
    device: torch.device | str = "cpu"


class Viewed(NamedTuple):
    """Features of N paintings in a view, and how many of the paintings had to be enlarged for it."""

    features: _Features
    enlarged: int


def view_paintings(
    paintings: Mapping[str, Iterable[Image.Image | np.ndarray]], views: Sequence[int], judges: Judges
) -> dict[tuple[str, int], Viewed]:
    """Look at paintings in every view.

    A painting with fewer pixels than a view is enlarged. It has no strokes finer than its pixels, so where many
    paintings are enlarged, the scores of strokes and spectrum are only indications.

    Args:
        paintings: by style, RGB pictures of any size.
        views: short sides, px.

    Returns:
        By style and view.
    """
    found: dict[tuple[str, int], Viewed] = {}
    for style, pictures in paintings.items():
        seen: dict[int, list[_Features]] = {view: [] for view in views}
        enlarged = dict.fromkeys(views, 0)
        for picture in map(np.asarray, pictures):
            for view in views:
                seen[view].append(_features(view_of(picture, view), judges))
                enlarged[view] += min(picture.shape[:2]) < view
        found |= {(style, view): Viewed(_joined(seen[view]), enlarged[view]) for view in views}
    return found


def measure_views(
    photos: Iterable[Image.Image],
    restyle: Restyler,
    paintings: Mapping[tuple[str, int], Viewed],
    sizes: Sequence[int],
    judges: Judges,
    settings: Settings,
    enlarge: bool = False,
    watch: Watcher | None = None,
) -> list[dict[str, Any]]:
    """Restyle photos in every style at every size, and measure what is seen in every view that is not larger.

    Args:
        photos: RGB, each at its own size; read once, one at a time.
        paintings: from `view_paintings`; its styles are those of rows 1, 2, …, in this order.
        sizes: short sides at which photos are restyled, px.
        enlarge: enlarge photos that are smaller than a size; otherwise they are left out at that size.
        watch: is shown every restyled picture.

    Returns:
        A cell for each style, size and view: "style", "size", "view"; "photos", "photos_enlarged", "paintings",
        "paintings_enlarged", numbers of pictures; "judge" and, with a patch judge, "patches": accuracy and mean
        probability of the style on restyled photos ("fakes"), paintings and photos; "strokes" and "spectrum", see
        `compare_sets`: 0 = the untouched photos in this view; "ssim", of luma, to the photo in this view; "edges",
        `edge_correlation` with the photo in the busiest square of 192 px, at 1:1.
        A cell without photos is left out.

    Raises:
        ValueError: a result's size is not that of its photo.
    """
    styles = list(dict.fromkeys(style for style, _ in paintings))
    views = list(dict.fromkeys(view for _, view in paintings))
    originals, fakes = defaultdict(list), defaultdict(list)
    ssim, edges = defaultdict(list), defaultdict(list)
    enlarged = dict.fromkeys(sizes, 0)
    for index, original in enumerate(photos):
        for size in sizes:
            small = min(original.size) < size
            if small and not enlarge:
                continue
            enlarged[size] += small
            photo = at_size(original, size)
            seen = {view: view_of(photo, view) for view in views if view <= size}
            for view, x in seen.items():
                originals[size, view].append(_features(x, judges))
            box = busiest(photo, DETAIL)
            for row, style in enumerate(styles, start=1):
                result = restyle(photo, row)
                if result.size != photo.size:
                    raise ValueError(f"a photo of {photo.size} px was restyled to {result.size} px")
                if watch:
                    watch(index, size, row, photo, result)
                edges[style, size].append(_alike(edge_correlation, photo.crop(box), result.crop(box)))
                for view, x in seen.items():
                    y = view_of(result, view)
                    fakes[style, size, view].append(_features(y, judges))
                    ssim[style, size, view].append(float(luma_ssim(x[None], y[None])))
    cells = []
    for (style, size, view), found in fakes.items():
        reals = paintings[style, view]
        sets = _joined(found), _joined(originals[size, view]), reals.features
        cells.append(
            {
                "style": style,
                "size": size,
                "view": view,
                "photos": len(found),
                "photos_enlarged": enlarged[size],
                "paintings": len(reals.features["judge"]),
                "paintings_enlarged": reals.enlarged,
                **_judged(sets, styles.index(style) + 1, judges),
                **brush_scores(*sets, settings),
                "ssim": float(np.mean(ssim[style, size, view])),
                "edges": float(np.mean(edges[style, size])),
            }
        )
    return sorted(cells, key=lambda c: (styles.index(c["style"]), c["view"], c["size"]))


def at_size(photo: Image.Image, size: int) -> Image.Image:
    """Return a photo with a short side of `size` px, antialiased; the aspect ratio is kept."""
    scale = size / min(photo.size)
    width, height = (max(size, round(n * scale)) for n in photo.size)
    return photo.resize((width, height), Image.Resampling.LANCZOS)


def view_of(picture: Image.Image | np.ndarray, view: int) -> Tensor:
    """Return the central square of a picture as it is seen at `view` px, antialiased: 3×view×view in [-1, 1]."""
    return resized(centre_square(np.asarray(picture)), view)


def busiest(picture: Image.Image, side: int) -> tuple[int, int, int, int]:
    """Return the box (left, top, right, bottom) of about the square of `side` px in which luma varies most.

    It is searched in steps of an eighth of a side. A picture smaller than the square is returned whole.
    """
    side = min(side, *picture.size)
    step = max(1, side // 8)
    grey = np.asarray(picture.convert("L"), np.int16)
    change = np.abs(np.diff(grey, axis=0, append=grey[-1:])) + np.abs(
        np.diff(grey, axis=1, append=grey[:, -1:])
    )
    rows, columns = (n // step for n in change.shape)
    blocks = change[: rows * step, : columns * step].reshape(rows, step, columns, step).mean((1, 3))
    whole = np.lib.stride_tricks.sliding_window_view(blocks, (side // step,) * 2).sum((2, 3))
    corner = np.unravel_index(whole.argmax(), whole.shape)
    top, left = (min(int(i) * step, n - side) for i, n in zip(corner, change.shape, strict=True))
    return left, top, left + side, top + side


def _features(view: Tensor, judges: Judges) -> _Features:
    """Features of one view, 3×V×V, each 1×d."""
    x = view[None].to(judges.device)
    small = x
    if x.shape[-1] != judges.size:
        small = F.interpolate(x, (judges.size,) * 2, mode="bilinear", antialias=True, align_corners=False)
    with torch.inference_mode():
        found = {**brush_features(x), "judge": judges.judge(small)}
        if judges.patches:
            found["patches"] = judges.patches(small)
    return {name: each.float().cpu() for name, each in found.items()}


def _joined(parts: Sequence[_Features]) -> _Features:
    return {name: torch.cat([part[name] for part in parts]) for name in parts[0]}


def _judged(sets: Sequence[_Features], row: int, judges: Judges) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {}
    for judge, target in (("judge", judges.classes[row]), ("patches", row)):
        if judge not in sets[0]:
            continue
        found[judge] = {}
        for name, each in zip(("fakes", "photos", "paintings"), sets, strict=True):
            found[judge][f"accuracy_{name}"] = accuracy(each[judge], target)
            found[judge][f"probability_{name}"] = mean_probability(each[judge], target)
    return found


def _alike(metric: Callable[[Tensor, Tensor], Tensor], a: Image.Image, b: Image.Image) -> float:
    return float(metric(to_tensor(a)[None], to_tensor(b)[None]))
