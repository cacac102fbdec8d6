"""Make pictures smaller and larger, and correct an enlarged picture so that it becomes the small one again.

Both ways are bicubic (Keys 1981, a = -0.5), antialiased where a picture becomes smaller: what Pillow calls BICUBIC, up
to rounding. Trainings, results and measurements use the same.
"""

from torch import Tensor
from torch.nn import functional as F

CORRECTIONS = 3
# Pixels of the small picture beside a pixel that one enlargement, and one correction, depend on.
ENLARGE_MARGIN, CORRECTION_MARGIN = 2, 5


def reduce(x: Tensor, scale: int) -> Tensor:
    """Make N×C×H×W smaller by a whole factor, which divides H and W."""
    return _resized(x, x.shape[2] // scale, x.shape[3] // scale)


def enlarge(x: Tensor, scale: int) -> Tensor:
    """Make N×C×h×w larger by a whole factor."""
    return _resized(x, x.shape[2] * scale, x.shape[3] * scale)


def as_levels(x: Tensor) -> Tensor:
    """Round values in [-1, 1] to levels of 8 bits, as a file holds them."""
    return x.clamp(-1, 1).add(1).mul(127.5).round().div(127.5).sub(1)


def back_project(large: Tensor, small: Tensor, tolerance: float = 0.0) -> Tensor:
    """Correct an enlarged picture until it is the small one again when it is made smaller (Irani and Peleg 1991).

    Args:
        large: N×3×H×W.
        small: N×3×h×w in [-1, 1], H a multiple of h.
        tolerance: differences that are left, on [-1, 1]: where noise was taken out, it must not come back.

    Returns:
        N×3×H×W in [-1, 1].
    """
    scale = large.shape[2] // small.shape[2]
    large = large.clamp(-1, 1)
    for _ in range(CORRECTIONS):
        missing = small - reduce(large, scale)
        large = (large + enlarge(F.softshrink(missing, tolerance), scale)).clamp(-1, 1)
    return large


def _resized(x: Tensor, height: int, width: int) -> Tensor:
    return F.interpolate(x, (height, width), mode="bicubic", antialias=True)
