"""Classical fusion rules, without learning: the baselines of the fuser.

Each takes a stack of n ≥ 2 aligned pictures, n×H×W×3 float32 in [0, 1], sRGB, and returns H×W×3 float32 in [0, 1].
Inputs that tie share the weight, so the order of the inputs does not matter.
"""

import cv2
import numpy as np

from stylefuse.images.luma import luma


def average(stack: np.ndarray) -> np.ndarray:
    """The mean of every pixel."""
    return stack.mean(axis=0)


def maximum(stack: np.ndarray) -> np.ndarray:
    """The largest value of every pixel and channel."""
    return stack.max(axis=0)


def laplacian_pyramid(stack: np.ndarray, levels: int = 5) -> np.ndarray:
    """Choose, for each coefficient of a Laplacian pyramid, the input with the largest local energy.

    Burt & Adelson, "The Laplacian pyramid as a compact image code" (1983), with selection by the energy of luma
    in a 5×5 window (Burt & Kolczynski 1993) and the coarsest level averaged. A picture that is too small for
    `levels` band-pass levels gets as many as leave 4 pixels at the coarsest.
    """
    levels = min(levels, max(1, int(np.log2(min(stack.shape[1:3]))) - 2))
    pyramids = [_laplacian(picture, levels) for picture in stack]
    fused = np.mean([pyramid[-1] for pyramid in pyramids], axis=0)
    for level in reversed(range(levels)):
        details = np.stack([pyramid[level] for pyramid in pyramids])
        energy = np.stack([cv2.blur(luma(detail) ** 2, (5, 5)) for detail in details])
        chosen = (_shares(energy)[..., None] * details).sum(axis=0)
        fused = cv2.pyrUp(fused, dstsize=chosen.shape[1::-1]) + chosen
    return fused.clip(0, 1)


def mertens(stack: np.ndarray) -> np.ndarray:
    """Weights from contrast and saturation, blended in a pyramid; OpenCV's implementation and exponents.

    Mertens, Kautz & Van Reeth, "Exposure Fusion" (2007). OpenCV's default leaves well-exposedness out. It is used
    because the paper's exponents, all one, score 8 dB less on multi-focus sets and no more on exposures. For the same
    reason saturation is left out for sets with a grey picture, whose weight would be zero.
    """
    coloured = float(np.ptp(stack, axis=3).mean(axis=(1, 2)).min() > 1 / 255)
    merge = cv2.createMergeMertens(1.0, coloured, 0.0)
    # OpenCV divides by 255 whatever the type.
    return merge.process([np.ascontiguousarray(picture * 255) for picture in stack]).clip(0, 1)


def guided_filter(
    stack: np.ndarray, r1: int = 45, eps1: float = 0.3, r2: int = 7, eps2: float = 1e-6
) -> np.ndarray:
    """Two layers, each blended by saliency weights that a guided filter aligns with the picture's edges.

    Li, Kang & Hu, "Image Fusion With Guided Filtering" (2013), with its parameters: base by a 31×31 mean,
    saliency from the 3×3 Laplacian, smoothed by an 11×11 Gaussian of deviation 5.
    """
    grey = [np.ascontiguousarray(luma(picture)) for picture in stack]
    saliency = [cv2.GaussianBlur(np.abs(cv2.Laplacian(g, cv2.CV_32F)), (11, 11), 5) for g in grey]
    first = _shares(np.stack(saliency))
    base = np.stack([cv2.blur(picture, (31, 31)) for picture in stack])
    fused = np.zeros_like(stack[0])
    for layer, radius, eps in ((base, r1, eps1), (stack - base, r2, eps2)):
        shares = [_guided(guide, share, radius, eps) for guide, share in zip(grey, first, strict=True)]
        weights = np.stack(shares).clip(0, 1) + 1e-6
        fused += ((weights / weights.sum(axis=0))[..., None] * layer).sum(axis=0)
    return fused.clip(0, 1)


RULES = {
    "average": average,
    "maximum": maximum,
    "laplacian_pyramid": laplacian_pyramid,
    "mertens": mertens,
    "guided_filter": guided_filter,
}


def _shares(scores: np.ndarray) -> np.ndarray:
    """Weights n×H×W float32 that sum to one: one for the input with the largest score; inputs that tie share it."""
    best = (scores == scores.max(axis=0)).astype(np.float32)
    return best / best.sum(axis=0)


def _laplacian(picture: np.ndarray, levels: int) -> list[np.ndarray]:
    """Return `levels` band-pass pictures, finest first, and the low-pass rest."""
    pyramid = []
    for _ in range(levels):
        smaller = cv2.pyrDown(picture)
        pyramid.append(picture - cv2.pyrUp(smaller, dstsize=picture.shape[1::-1]))
        picture = smaller
    return [*pyramid, picture]


def _guided(guide: np.ndarray, x: np.ndarray, radius: int, eps: float) -> np.ndarray:
    """Filter x as a local linear function of the guide (He, Sun & Tang 2013, eq. 5, 6 and 8); both H×W."""
    # float64: rounding must stay far below eps = 1e-6.
    guide, x = guide.astype(np.float64), x.astype(np.float64)

    def mean(values: np.ndarray) -> np.ndarray:
        return cv2.blur(values, (2 * radius + 1, 2 * radius + 1), borderType=cv2.BORDER_REFLECT)

    mean_guide, mean_x = mean(guide), mean(x)
    slope = (mean(guide * x) - mean_guide * mean_x) / (mean(guide * guide) - mean_guide**2 + eps)
    offset = mean_x - slope * mean_guide
    return (mean(slope) * guide + mean(offset)).astype(np.float32)
