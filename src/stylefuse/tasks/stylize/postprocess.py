"""The last touch to a restyled picture: contrast and sharpness, both off unless asked for."""

import numpy as np
from PIL import Image, ImageFilter, ImageStat

from stylefuse.tasks.stylize.params import NO_CONTRAST, NO_SHARPENING

# Standard deviation in pixels of the blur that sharpening takes the picture's distance from: edges, no outlines.
RADIUS = 1.5


def finished(
    picture: Image.Image, contrast: float = NO_CONTRAST, sharpen: float = NO_SHARPENING
) -> Image.Image:
    """Change a picture's contrast, then sharpen it; with both off it comes back as it is.

    Args:
        picture: RGB.
        contrast: each level v becomes m + contrast · (v - m), m being the picture's mean luma (Rec. 601): its
            brightness stays, but for what is clipped.
        sharpen: amount of an unsharp mask: each level v becomes v + sharpen · (v - blurred v), in steps of 0.01.
    """
    if contrast != NO_CONTRAST:
        mean = ImageStat.Stat(picture.convert("L")).mean[0]
        levels = np.rint(mean + contrast * (np.arange(256) - mean)).clip(0, 255)
        picture = picture.point([int(level) for level in levels] * 3)
    if sharpen != NO_SHARPENING:
        picture = picture.filter(ImageFilter.UnsharpMask(RADIUS, round(100 * sharpen), threshold=0))
    return picture
