"""Contrast and sharpness of a restyled picture; both are off by default."""

import numpy as np
from PIL import Image, ImageFilter, ImageStat

from stylefuse.tasks.stylize.params import NO_CONTRAST, NO_SHARPENING

# Standard deviation, px, of the unsharp mask's blur: sharpens edges without visible outlines.
RADIUS = 1.5


def adjust(
    picture: Image.Image, contrast: float = NO_CONTRAST, sharpen: float = NO_SHARPENING
) -> Image.Image:
    """Change a picture's contrast, then sharpen it. With both off the picture itself is returned.

    Args:
        picture: RGB.
        contrast: each level v becomes m + contrast · (v - m), where m is the picture's mean luma (Rec. 601, as Pillow
            rounds it): the mean brightness stays, apart from clipping.
        sharpen: amount of an unsharp mask: each level v becomes v + sharpen · (v - blurred v), in steps of 0.01.
    """
    if contrast != NO_CONTRAST:
        mean = ImageStat.Stat(picture.convert("L")).mean[0]
        levels = np.rint(mean + contrast * (np.arange(256) - mean)).clip(0, 255)
        picture = picture.point([int(level) for level in levels] * 3)
    if sharpen != NO_SHARPENING:
        picture = picture.filter(ImageFilter.UnsharpMask(RADIUS, round(100 * sharpen), threshold=0))
    return picture
