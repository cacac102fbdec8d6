"""Plan the sample: the crop and name of every picture, and the content of sample.json."""

from collections import Counter
from importlib.metadata import version
from typing import Any

import stylefuse
from stylefuse.pipelines.sample.crops import choose_crops
from stylefuse.pipelines.sample.drawing import RENDERINGS, Picture
from stylefuse.pipelines.sample.options import SampleOptions
from stylefuse.pipelines.sample.photographs import PHOTOGRAPHS

# Libraries that determine the bytes of a picture, or contain a photograph.
LIBRARIES = ("imagehash", "matplotlib", "numpy", "pillow", "scikit-image", "scikit-learn", "scipy")


def plan_sample(options: SampleOptions) -> list[Picture]:
    """Return all pictures, the content photos first. Each style has subjects of its own."""
    count = options.pictures
    # Chosen together, so that no style shows almost the same crop as another.
    subjects = choose_crops(PHOTOGRAPHS, "style", count * len(RENDERINGS), [options.seed, 1])
    crops_of = {style: subjects[k * count : (k + 1) * count] for k, style in enumerate(RENDERINGS)}
    crops_of = {"": choose_crops(PHOTOGRAPHS, "content", options.photos, [options.seed, 0]), **crops_of}
    pictures = []
    for number, (style, crops) in enumerate(crops_of.items()):
        for index, crop in enumerate(crops):
            name = f"{crop.photograph.name}-{index:04d}.png"
            pictures.append(Picture(crop, style, name, (options.seed, number, index)))
    return pictures


def sample_metadata(pictures: list[Picture], options: SampleOptions) -> dict[str, Any]:
    """Return the content of sample.json. The number of workers is left out: the pictures do not depend on it."""
    return {
        "made_by": "stylefuse.pipelines.sample",
        "options": options.model_dump(include={"photos", "pictures", "size", "seed"}),
        "versions": {"stylefuse": stylefuse.__version__, **{name: version(name) for name in LIBRARIES}},
        "counts": Counter(picture.style or "photos" for picture in pictures),
        "photographs": {
            photograph.name: {
                "file": f"{photograph.package}/{photograph.file}",
                "credit": photograph.credit,
                "content": photograph.content,
                "style": photograph.style,
            }
            for photograph in PHOTOGRAPHS
        },
        "files": {
            f"{picture.folder}/{picture.name}": {
                "photograph": picture.crop.photograph.name,
                "box": picture.crop.box,
                "flip": picture.crop.flip,
            }
            for picture in pictures
        },
    }
