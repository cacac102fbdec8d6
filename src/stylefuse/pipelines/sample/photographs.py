"""The photographs that the sample is cut from: files that come with libraries StyleFuse needs anyway.

They are opened from the installed packages, so nothing is downloaded. Each photograph is divided into two boxes that
share no pixel: content photos are cut from one, the subjects of paintings from the other. So the sample has no
painting of any of its photos, and restyling cannot be memorised.
"""

from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from PIL import Image

Box = tuple[int, int, int, int]
"""left, top, right, bottom in pixels; right and bottom are outside."""


@dataclass(frozen=True)
class Photograph:
    """One photograph inside an installed package.

    Attributes:
        name: as written into sample.json and file names.
        package: the package that holds the file, such as `skimage`.
        file: posix path inside that package's folder.
        content: box that content photos are cut from.
        style: box that the paintings' subjects are cut from, disjoint from `content`.
        credit: who took it, and the terms.
    """

    name: str
    package: str
    file: str
    content: Box
    style: Box
    credit: str


# Cuts run such that both sides are worth looking at: each has a face, half a flower, a wheel. Left out:
# Hubble's deep field (black), the retina and the stained tissue (not photos that one would restyle).
PHOTOGRAPHS = (
    Photograph(
        "astronaut", "skimage", "data/astronaut.png",
        content=(0, 0, 512, 252), style=(0, 252, 512, 512),
        credit="Eileen Collins, NASA; public domain",
    ),
    Photograph(
        "cat", "skimage", "data/chelsea.png",
        content=(0, 0, 232, 300), style=(232, 0, 451, 300),
        credit="Chelsea, Stefan van der Walt; CC0",
    ),
    Photograph(
        "coffee", "skimage", "data/coffee.png",
        content=(300, 0, 600, 400), style=(0, 0, 300, 400),
        credit="Rachel Michetti; CC0",
    ),
    Photograph(
        "dahlia", "sklearn", "datasets/images/flower.jpg",
        content=(30, 0, 315, 427), style=(315, 0, 600, 427),
        credit="vultilion, flickr.com/photos/vultilion/6056698931; CC BY 2.0",
    ),
    Photograph(
        "motorcycle", "skimage", "data/motorcycle_left.png",
        content=(0, 0, 375, 500), style=(375, 0, 741, 500),
        credit="Middlebury 2014 stereo data, D. Scharstein et al. (GCPR 2014); as shipped with scikit-image",
    ),
    Photograph(
        "officer", "matplotlib", "mpl-data/sample_data/grace_hopper.jpg",
        content=(0, 340, 512, 600), style=(0, 0, 512, 340),
        credit="Grace Hopper, James S. Davis, United States Navy; public domain",
    ),
    Photograph(
        "pagoda", "sklearn", "datasets/images/china.jpg",
        content=(235, 0, 640, 427), style=(0, 0, 235, 427),
        credit="danielbuechele, flickr.com/photos/danielbuechele/6061409035; CC BY 2.0",
    ),
    Photograph(
        "rocket", "skimage", "data/rocket.jpg",
        content=(290, 0, 640, 427), style=(0, 0, 290, 427),
        credit="SpaceX; public domain",
    ),
)  # fmt: skip


@cache
def open_photograph(photograph: Photograph) -> Image.Image:
    """Return the photograph as an RGB picture, decoded.

    Raises:
        FileNotFoundError: the package, or the file inside it, is not installed.
    """
    spec = find_spec(photograph.package)
    folders = spec.submodule_search_locations if spec else None
    path = Path(folders[0] if folders else "", photograph.file)
    if not path.is_file():
        raise FileNotFoundError(
            f"the sample's photograph {photograph.name!r} is missing: {photograph.package} should hold "
            f"{photograph.file}. Install {photograph.package} from its wheel, or use your own pictures "
            "(sample.make: false)"
        )
    with Image.open(path) as picture:
        return picture.convert("RGB")
