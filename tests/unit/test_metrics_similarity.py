"""SSIM and PSNR: against scikit-image, by definition, and as losses."""

import pytest
import torch
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from stylefuse.metrics.similarity import gaussian_means, psnr, ssim, uniform_means
from support import smooth_pictures

TRUTH = smooth_pictures(2, 32, 40)
WINDOWS = {
    gaussian_means: {"gaussian_weights": True, "sigma": 1.5},
    uniform_means: {"win_size": 7},
}


def noisy(deviation: float) -> torch.Tensor:
    return TRUTH + deviation * torch.randn(TRUTH.shape, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("means", WINDOWS)
def test_ssim_is_that_of_scikit_image(means):
    x, y = TRUTH[:, :1].double(), noisy(0.1)[:, :1].double()
    expected = [
        structural_similarity(a, b, data_range=2.0, use_sample_covariance=False, **WINDOWS[means])
        for a, b in zip(x[:, 0].numpy(), y[:, 0].numpy(), strict=True)
    ]
    assert ssim(x, y, 2.0, means).tolist() == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("means", WINDOWS)
def test_ssim_falls_with_noise_and_is_symmetric(means):
    x, y, worse = (each[:, :1] for each in (TRUTH, noisy(0.1), noisy(0.4)))
    assert (ssim(x, y, 2.0, means) > ssim(x, worse, 2.0, means)).all()
    assert torch.allclose(ssim(x, y, 2.0, means), ssim(y, x, 2.0, means))
    assert ssim(x, x, 2.0, means) == pytest.approx([1, 1], abs=1e-5)


@pytest.mark.parametrize("means", WINDOWS)
def test_ssim_has_a_gradient_that_leads_to_the_truth(means):
    x, y = TRUTH[:, :1], noisy(0.2)[:, :1].requires_grad_(True)
    before = ssim(x, y, 2.0, means).sum()
    before.backward()
    assert ssim(x, y.detach() + 0.1 * y.grad, 2.0, means).sum() > before


def test_psnr_of_a_known_error():
    x = torch.zeros(2, 3, 8, 8)
    assert psnr(x, x + 0.2) == pytest.approx([20, 20], abs=1e-3)  # a tenth of the peak
    assert psnr(x, x) == pytest.approx([100, 100])


def test_psnr_is_that_of_scikit_image():
    x, y = TRUTH.double(), noisy(0.1).double()
    expected = [
        peak_signal_noise_ratio(a, b, data_range=2.0) for a, b in zip(x.numpy(), y.numpy(), strict=True)
    ]
    assert psnr(x, y).tolist() == pytest.approx(expected, abs=1e-9)


def test_pictures_of_two_shapes_are_refused():
    with pytest.raises(ValueError, match="one shape"):
        psnr(torch.zeros(1, 3, 16, 16), torch.zeros(1, 3, 16, 17))
