"""Distance of a picture to a known truth."""

from torch import Tensor

# Mean squared error on [0, 1] below which an error hardly counts (60 dB); rounding to 8 bits alone gives 59 dB.
ERROR_FLOOR = 1e-6


def log_error_loss(picture: Tensor, truth: Tensor) -> Tensor:
    """Return the mean of log10(MSE) over pictures: minus a tenth of the PSNR in dB (Chen et al. 2021, HINet, eq. 8).

    Slightly damaged pictures end near an MSE of 1e-5 and noisy ones near 1e-3; under L1 the noisy ones would dominate
    training.

    Args:
        picture, truth: N×3×H×W in [-1, 1].
    """
    error = ((picture - truth) / 2).square().mean((1, 2, 3))
    return (error + ERROR_FLOOR).log10().mean()
