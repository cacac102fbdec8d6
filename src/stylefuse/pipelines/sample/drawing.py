"""Draw the sample's pictures; the result does not depend on processes or order."""

import multiprocessing
import os
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from stylefuse.pipelines.sample.brush import paint_with_brush
from stylefuse.pipelines.sample.crops import Crop
from stylefuse.pipelines.sample.glass import set_in_glass
from stylefuse.pipelines.sample.ink import draw_with_ink

RENDERINGS: dict[str, Callable[[np.ndarray, np.random.Generator], np.ndarray]] = {
    "brush": paint_with_brush,
    "glass": set_in_glass,
    "ink": draw_with_ink,
}
# Starting a process and importing into it costs as much as drawing about this many pictures.
WORTH_A_PROCESS = 24


@dataclass(frozen=True)
class Picture:
    """A picture to be made: a crop, rendered in `style`; with style "", the photo itself.

    Attributes:
        name: the file's name, such as `cat-0012.png`.
        seed: seed of the rendering's random numbers.
    """

    crop: Crop
    style: str
    name: str
    seed: tuple[int, ...]

    @property
    def folder(self) -> str:
        """The folder inside the sample that the picture belongs in."""
        return f"styles/{self.style}" if self.style else "photos"

    @property
    def twin_folder(self) -> str:
        """The folder of the clean crop that a painting was made from."""
        return f"twins/{self.style}"


def draw(picture: Picture, folder: Path, size: int) -> None:
    """Write `picture` into the sample's folder: the photo; or the rendering, and its clean twin beside it."""
    photo = picture.crop.cut(size)
    if not picture.style:
        _write(photo, folder / picture.folder / picture.name)
        return
    rendered = RENDERINGS[picture.style](np.asarray(photo), np.random.default_rng(picture.seed))
    _write(Image.fromarray(rendered), folder / picture.folder / picture.name)
    _write(photo, folder / picture.twin_folder / picture.name)


def draw_all(pictures: list[Picture], folder: Path, size: int, workers: int) -> None:
    """Draw all pictures in `workers` processes (0: one a core); few pictures are drawn in this one.

    Processes are spawned, not forked: a fork would copy locks held by other threads of this process, such as
    those of torch or of a tracking client.
    """
    for picture in pictures:
        for name in (picture.folder, picture.twin_folder) if picture.style else (picture.folder,):
            (folder / name).mkdir(parents=True, exist_ok=True)
    workers = min(workers or _cores(), 1 + len(pictures) // WORTH_A_PROCESS)
    with tqdm(
        total=len(pictures), desc="sample", unit="picture", mininterval=0.2 if sys.stderr.isatty() else 5
    ) as bar:
        if workers == 1:
            for picture in pictures:
                draw(picture, folder, size)
                bar.update()
            return
        spawn = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(workers, mp_context=spawn) as pool:
            count = len(pictures)
            for _ in pool.map(draw, pictures, [folder] * count, [size] * count, chunksize=8):
                bar.update()


def _cores() -> int:
    """Return how many cores this process may use, which in a container is fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _write(picture: Image.Image, path: Path) -> None:
    # Stated, not left to defaults that may change. On grain and strokes a higher level is only slower.
    picture.save(path, format="PNG", optimize=False, compress_level=3)
