"""Choose square crops of the photographs: varied in place, scale and flip, and no two similar."""

from dataclasses import dataclass

import numpy as np
from imagehash import phash
from PIL import Image, ImageOps

from stylefuse.pipelines.sample.colour import luma
from stylefuse.pipelines.sample.photographs import Box, Photograph, open_photograph

# Pixels; smaller squares would have to be enlarged beyond the resolution of the photographs.
SHORTEST_SIDE = 140
# Ingest drops pictures a few bits apart. Renderings may move a hash by some bits, hence the margin.
APART = 14
# Standard deviation of luma, 0..255; crops of sky or of blurred leaves have less.
LEAST_CONTRAST = 24.0
TRIES = 30


@dataclass(frozen=True)
class Crop:
    """A square of a photograph; `flip` mirrors it left to right."""

    photograph: Photograph
    box: Box
    flip: bool

    def cut(self, size: int) -> Image.Image:
        """Return the square as an RGB picture of size×size pixels."""
        picture = open_photograph(self.photograph).resize((size, size), Image.Resampling.LANCZOS, self.box)
        return ImageOps.mirror(picture) if self.flip else picture


def choose_crops(photographs: tuple[Photograph, ...], region: str, count: int, seed: list[int]) -> list[Crop]:
    """Choose `count` squares, an equal share from each photograph's `region` ("content" or "style").

    Each square is the first of up to `TRIES` random ones with enough contrast whose perceptual hash is at
    least `APART` bits from all squares before it; failing that, the one that comes nearest to both
    (Mitchell's best candidate, "Spectrally optimal sampling for distributed ray tracing", SIGGRAPH 1991).
    """
    rng = np.random.default_rng(seed)
    chosen: list[Crop] = []
    hashes: list[np.ndarray] = []
    for index in range(count):
        best_merit = -1.0
        for _ in range(TRIES):
            crop = _random_crop(photographs[index % len(photographs)], region, rng)
            small = crop.cut(64)
            code = phash(small).hash.ravel()
            apart = int((np.array(hashes) != code).sum(1).min()) if hashes else APART
            contrast = float(luma(np.asarray(small)).std())
            merit = min(apart / APART, 1) + min(contrast / LEAST_CONTRAST, 1)
            if merit > best_merit:
                best_merit, best, best_code = merit, crop, code
            if merit == 2:
                break
        chosen.append(best)
        hashes.append(best_code)
    return chosen


def _random_crop(photograph: Photograph, region: str, rng: np.random.Generator) -> Crop:
    left, top, right, bottom = photograph.content if region == "content" else photograph.style
    longest = min(right - left, bottom - top)
    side = int(rng.integers(SHORTEST_SIDE, longest + 1))
    x = left + int(rng.integers(0, right - left - side + 1))
    y = top + int(rng.integers(0, bottom - top - side + 1))
    return Crop(photograph, (x, y, x + side, y + side), bool(rng.integers(2)))
