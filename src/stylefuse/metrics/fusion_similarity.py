"""Similarity of a fused picture to its inputs (VIF, SSIM, MEF-SSIM) and to the truth (PSNR, SSIM).

Pictures are H×W grey arrays with values in [0, 255], of any real type; everything is computed in float64. PSNR and SSIM
against the truth also take H×W×3 RGB. A picture that is smaller than a metric's window raises ValueError.
"""

from collections.abc import Sequence
from typing import cast

import numpy as np
import torch
from scipy.ndimage import correlate1d

from stylefuse.metrics import similarity

# Deviation in grey levels below which a window counts as flat: smaller ones are rounding.
_FLAT = 0.01
_VIF_NOISE = 2.0  # variance of the visual noise, in squared grey levels: the published value
_VIF_TINY = 1e-10  # variances below this are zero
_VIF_WINDOWS = (17, 9, 5, 3)  # of the four scales
_VIF_LEAST = 41  # the smallest side whose fourth scale still holds its window
_MEF_POWER = 10.0  # a larger power gives practically the strongest input


def plane(picture: np.ndarray, name: str, channels: tuple[int, ...] = ()) -> np.ndarray:
    """Check a picture and return it as float64; `name` is its name in error messages.

    Args:
        picture: H×W, or H×W×c where `channels` is (c,), values in [0, 255].

    Raises:
        ValueError: no picture of real numbers, other axes, empty, not finite, or beyond [0, 255].
    """
    array = np.asarray(picture)
    due = "×".join(["H", "W", *map(str, channels)])
    if array.ndim != 2 + len(channels) or array.shape[2:] != channels or array.size == 0:
        raise ValueError(f"{name} must be {due}, not of shape {array.shape}; `luma` makes RGB grey")
    if array.dtype.kind not in "uif":
        raise ValueError(f"{name} must hold real numbers, not {array.dtype}")
    array = array.astype(np.float64)
    if not np.isfinite(array).all():
        raise ValueError(f"{name} has values that are NaN or infinite")
    if array.min() < 0 or array.max() > 255:
        raise ValueError(f"{name} must lie in [0, 255], not in [{array.min():g}, {array.max():g}]")
    return array


def planes(
    fused: np.ndarray, inputs: Sequence[np.ndarray], least: int = 2
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Check the fused picture and its n ≥ 2 inputs and return them as float64 H×W.

    Raises:
        ValueError: as `plane`; fewer than two inputs; shapes that differ; a side below `least` pixels.
    """
    f = plane(fused, "fused")
    if min(f.shape) < least:
        raise ValueError(f"fused must have sides of at least {least} pixels, not {f.shape}")
    if len(inputs) < 2:
        raise ValueError(f"inputs must be two pictures or more, not {len(inputs)}")
    sources = [plane(x, f"inputs[{i}]") for i, x in enumerate(inputs)]
    for i, x in enumerate(sources):
        if x.shape != f.shape:
            raise ValueError(f"inputs[{i}] must have the shape of fused, {f.shape}, not {x.shape}")
    return f, sources


def psnr(fused: np.ndarray, truth: np.ndarray) -> float:
    """Peak signal-to-noise ratio in dB, peak 255, of grey or RGB pictures; 100 for equal pictures.

    Raises:
        ValueError: as `plane`; or the shapes differ.
    """
    f, t = (torch.from_numpy(each)[None, None] for each in _with_truth(fused, truth))
    return float(similarity.psnr(f.flatten(3), t.flatten(3), 255.0))


def ssim(fused: np.ndarray, truth: np.ndarray) -> float:
    """SSIM in [-1, 1], data range 255, of grey or RGB pictures of 11×11 or more; RGB: mean over channels.

    See `similarity.ssim`; with the Gaussian window.

    Raises:
        ValueError: as `plane`; the shapes differ; a side is below 11 pixels.
    """
    f, t = _with_truth(fused, truth)
    if min(f.shape[:2]) < similarity.GAUSSIAN_SIDE:
        raise ValueError(
            f"fused must have sides of at least {similarity.GAUSSIAN_SIDE} pixels, not {f.shape[:2]}"
        )
    return _ssim(f, t)


def mean_ssim(fused: np.ndarray, inputs: Sequence[np.ndarray]) -> float:
    """Mean over the n inputs of SSIM(F, xᵢ), in [-1, 1]; some tables give the sum over two inputs.

    Raises:
        ValueError: as `planes`; a side is below 11 pixels.
    """
    f, sources = planes(fused, inputs, least=similarity.GAUSSIAN_SIDE)
    return float(np.mean([_ssim(f, x) for x in sources]))


def vif(fused: np.ndarray, inputs: Sequence[np.ndarray]) -> float:
    """Visual information fidelity: the sum over the n inputs of VIFP(xᵢ → F), 0 and more.

    Sheikh and Bovik 2006, "Image information and visual quality", in the pixel domain: Gaussian windows of
    17, 9, 5 and 3 pixels, deviation a fifth of that, at four scales, visual noise of variance 2. VIFP(x → x)
    is 1; contrast added to x gives more than 1. An input that is constant holds no information and adds 0.

    Raises:
        ValueError: as `planes`; a side is below 41 pixels.
    """
    f, sources = planes(fused, inputs, least=_VIF_LEAST)
    return float(sum(_vifp(x, f) for x in sources))


def mef_ssim(fused: np.ndarray, inputs: Sequence[np.ndarray]) -> float:
    """MEF-SSIM at one scale for n grey inputs, in [-1, 1]; 1 = the wanted structure at every place.

    Ma, Zeng and Wang 2015, "Perceptual quality assessment for multi-exposure image fusion". At each place, x̃ₖ is the
    11×11 patch of input k less its mean. With R = ‖Σₖ x̃ₖ‖ / Σₖ ‖x̃ₖ‖, the agreement of the structures, and
    p = tan(πR/2), at most 10, the wanted patch is

        x̂ = maxₖ ‖x̃ₖ‖ · s̄ / ‖s̄‖,   s̄ = Σₖ ‖x̃ₖ‖ᵖ · x̃ₖ / ‖x̃ₖ‖

    and the fused patch y scores (2σ_x̂y + C) / (σ²_x̂ + σ²_y + C) with C = (0.03·255)², under a Gaussian
    window of deviation 1.5. The result is the mean over all whole windows. The product over three scales is left
    out. Patch means, and so brightness, do not count.

    Where all patches are flat, or their structures cancel, x̂ is 0: a flat y scores 1 there, any other y less.

    Raises:
        ValueError: as `planes`; a side is below 11 pixels.
    """
    f, sources = planes(fused, inputs, least=11)
    box, bell = np.full(11, 1 / 11), _gaussian(11, 1.5)
    # Means do not count; subtracting them makes the covariances more precise.
    f, sources = f - f.mean(), [x - x.mean() for x in sources]
    # The deviation of a patch is ‖x̃‖ / 11; the formulas above hold for both.
    contrast = np.stack([_deviation(x, box) for x in sources])
    strongest = contrast.max(axis=0)
    filled = np.where(strongest > _FLAT, strongest, 1)
    agreement = _deviation(cast(np.ndarray, sum(sources)), box) / np.where(
        strongest > _FLAT, contrast.sum(axis=0), 1
    )
    power = np.minimum(np.tan(np.pi / 2 * agreement.clip(0, 1)), _MEF_POWER)
    # s̄ = Σ shareₖ·x̃ₖ up to a factor, which cancels in s̄ / ‖s̄‖.
    flat = contrast <= _FLAT
    share = np.where(flat, 0, (contrast / filled) ** power / np.where(flat, 1, contrast))

    spread, variance, covariance = (np.zeros_like(strongest) for _ in range(3))
    for i, x in enumerate(sources):
        covariance += share[i] * _covariance(x, f, bell)
        for j in range(i, len(sources)):
            both = share[i] * share[j] * (1 if i == j else 2)
            spread += both * _covariance(x, sources[j], box)
            variance += both * _covariance(x, sources[j], bell)
    # A shorter sum of unit structures has cancelled.
    wanted = spread > 1e-6
    scale = np.where(wanted, strongest, 0) / np.sqrt(np.where(wanted, spread, 1))
    c = (0.03 * 255) ** 2
    score = (2 * scale * covariance + c) / (scale**2 * variance + _covariance(f, f, bell) + c)
    return float(score.mean())


def _with_truth(fused: np.ndarray, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    channels = (3,) if np.ndim(fused) == 3 else ()
    f = plane(fused, "fused", channels)
    if np.shape(truth) != f.shape:
        raise ValueError(f"truth must have the shape of fused, {f.shape}, not {np.shape(truth)}")
    return f, plane(truth, "truth", channels)


def _ssim(a: np.ndarray, b: np.ndarray) -> float:
    """SSIM of float64 H×W, or mean over the channels of H×W×c."""
    x, y = (torch.from_numpy(each.reshape(*each.shape[:2], -1)).permute(2, 0, 1)[:, None] for each in (a, b))
    return float(similarity.ssim(x, y, 255.0).mean())


def _vifp(reference: np.ndarray, distorted: np.ndarray) -> float:
    # Only variances count; without the means, a constant picture is exactly 0.
    a, b = reference - reference.mean(), distorted - distorted.mean()
    kept = held = 0.0
    for scale, size in enumerate(_VIF_WINDOWS):
        window = _gaussian(size, size / 5)
        if scale:
            a, b = (_filtered(x, window)[::2, ::2] for x in (a, b))
        var_a, var_b, both = (_covariance(*pair, window) for pair in ((a, a), (b, b), (a, b)))
        var_a, var_b = (np.where(v < _VIF_TINY, 0, v) for v in (var_a, var_b))
        # b = gain·a + residue. A negative gain is distortion, not information.
        gain = np.where((var_a > 0) & (var_b > 0) & (both > 0), both / (var_a + _VIF_TINY), 0)
        residue = np.maximum(var_b - gain * both, _VIF_TINY)
        kept += np.log2(1 + gain**2 * var_a / (residue + _VIF_NOISE)).sum()
        held += np.log2(1 + var_a / _VIF_NOISE).sum()
    return float(kept / held) if held > 0 else 0.0


def _gaussian(size: int, deviation: float) -> np.ndarray:
    place = np.arange(size) - size // 2
    window = np.exp(-(place**2) / (2 * deviation**2))
    return window / window.sum()


def _filtered(x: np.ndarray, window: np.ndarray) -> np.ndarray:
    """Weighted means over all whole windows: H×W → (H − s + 1)×(W − s + 1)."""
    edge = len(window) // 2
    both = correlate1d(correlate1d(x, window, axis=0, mode="constant"), window, axis=1, mode="constant")
    return both[edge:-edge, edge:-edge]


def _covariance(x: np.ndarray, y: np.ndarray, window: np.ndarray) -> np.ndarray:
    return _filtered(x * y, window) - _filtered(x, window) * _filtered(y, window)


def _deviation(x: np.ndarray, window: np.ndarray) -> np.ndarray:
    return np.sqrt(np.maximum(_covariance(x, x, window), 0))
