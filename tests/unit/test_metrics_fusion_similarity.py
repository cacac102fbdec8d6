"""VIF, SSIM, MEF-SSIM and PSNR: against other implementations, against the definition, and refusals."""

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from fusion_planes import texture
from stylefuse._torchvision import load_torchvision
from stylefuse.metrics import similarity
from stylefuse.metrics.fusion_similarity import mean_ssim, mef_ssim, psnr, ssim, vif


def tensor(x):
    return torch.from_numpy(x)[None, None]


def test_vif_of_a_copy_is_one_an_input():
    x = texture()
    assert vif(x, [x, x]) == pytest.approx(2, abs=1e-6)
    assert vif(x, [x, x, x]) == pytest.approx(3, abs=1e-6)


def test_vif_is_that_of_torchmetrics():
    load_torchvision()  # which torchmetrics imports
    from torchmetrics.functional.image import visual_information_fidelity

    f, a, b = (texture(seed, (67, 90)) for seed in range(3))
    f = (f + a + b) / 3
    expected = sum(float(visual_information_fidelity(tensor(f), tensor(x), sigma_n_sq=2.0)) for x in (a, b))
    assert vif(f, [a, b]) == pytest.approx(expected, abs=1e-4)


def test_vif_rewards_contrast_and_depends_on_the_range_of_levels():
    x = texture()
    stronger = (128 + 1.2 * (x - 128)).clip(0, 255)
    assert vif(stronger, [x, x]) > 2
    blurred = gaussian_filter(x, 1)
    assert abs(vif(blurred / 255, [x / 255, x / 255]) - vif(blurred, [x, x])) > 0.1


def test_vif_takes_nothing_from_constant_pictures():
    x, constant = texture(), np.full((64, 64), 33.3)
    assert vif(x, [constant, constant]) == 0
    assert vif(constant, [x, x]) == pytest.approx(0, abs=1e-9)
    assert vif(255 - x, [x, x]) == 0


def test_ssim_is_that_of_the_content_scores():
    x, y = texture(), texture(1)
    expected = float(similarity.ssim(tensor(x), tensor(y), 255.0))
    assert ssim(x, y) == pytest.approx(expected, abs=1e-9)
    assert mean_ssim(x, [x, y, y]) == pytest.approx((1 + 2 * expected) / 3, abs=1e-9)


def test_ssim_of_colours_is_the_mean_over_channels():
    x, y = (np.stack([texture(3 * k + c) for c in range(3)], axis=2) for k in range(2))
    assert ssim(x, y) == pytest.approx(np.mean([ssim(x[..., c], y[..., c]) for c in range(3)]), abs=1e-12)


def test_psnr_is_that_of_the_content_scores():
    black = np.zeros((12, 12))
    assert psnr(black + 1, black) == pytest.approx(20 * np.log10(255))
    assert psnr(black + 255, black) == 0
    assert psnr(texture(), texture()) == 100
    x, y = (np.stack([texture(3 * k + c) for c in range(3)], axis=2) for k in range(2))
    a, b = (torch.from_numpy(z / 127.5 - 1).permute(2, 0, 1)[None] for z in (x, y))
    assert psnr(x, y) == pytest.approx(float(similarity.psnr(a, b)), abs=1e-4)


def mef_by_definition(fused, inputs):
    """Place by place, with the patches in hand."""
    bell = np.exp(-((np.arange(11) - 5) ** 2) / (2 * 1.5**2))
    bell = np.outer(bell, bell) / bell.sum() ** 2
    c, scores = (0.03 * 255) ** 2, []
    for i, j in np.ndindex(fused.shape[0] - 10, fused.shape[1] - 10):
        place = np.s_[i : i + 11, j : j + 11]
        patches = [x[place] - x[place].mean() for x in inputs]
        norms = [np.linalg.norm(x) for x in patches]
        agreement = np.linalg.norm(sum(patches)) / sum(norms)
        power = min(np.tan(np.pi * agreement / 2), 10)
        structure = sum(n**power * x / n for n, x in zip(norms, patches, strict=True))
        wanted = max(norms) * structure / np.linalg.norm(structure)
        a, b = (x - (bell * x).sum() for x in (wanted, fused[place]))
        scores.append((2 * (bell * a * b).sum() + c) / ((bell * (a * a + b * b)).sum() + c))
    return np.mean(scores)


@pytest.mark.parametrize("n", [2, 3])
def test_mef_ssim_is_its_definition_place_by_place(n):
    whole = texture(0, (24, 29))
    # Two exposures whose structures agree in part, and another picture where n is 3.
    inputs = [whole * 0.4, (whole + texture(2, (24, 29))) / 2, texture(1, (24, 29))][:n]
    fused = np.mean(inputs, axis=0)
    assert mef_ssim(fused, inputs) == pytest.approx(mef_by_definition(fused, inputs), abs=1e-6)


def test_mef_ssim_wants_the_strongest_contrast_whatever_the_brightness():
    x = texture() / 2
    weak = 0.3 * x + 100
    assert mef_ssim(x, [x, x]) == pytest.approx(1, abs=1e-9)
    assert mef_ssim(x + 60, [x, weak]) == pytest.approx(1, abs=1e-3)
    assert mef_ssim((x + weak) / 2, [x, weak]) < 0.95
    assert mef_ssim(weak, [x, weak]) < mef_ssim((x + weak) / 2, [x, weak])


def test_mef_ssim_of_flat_inputs_wants_a_flat_picture():
    flat, x = np.full((20, 20), 33.3), texture(0, (20, 20))
    assert mef_ssim(flat + 50, [flat, flat]) == pytest.approx(1, abs=1e-9)
    assert mef_ssim(x, [flat, flat]) < 0.5
    # Opposite structures cancel; nothing is then wanted.
    assert mef_ssim(flat, [x, 255 - x]) == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize(("metric", "least"), [(vif, 41), (mean_ssim, 11), (mef_ssim, 11)])
def test_a_picture_below_the_windows_is_refused(metric, least):
    x, small = texture(0, (least, least + 9)), texture(0, (least - 1, least + 9))
    assert np.isfinite(metric(x, [x, x]))
    with pytest.raises(ValueError, match=f"fused must have sides of at least {least} pixels"):
        metric(small, [small, small])


@pytest.mark.parametrize("metric", [vif, mean_ssim, mef_ssim])
def test_inputs_of_another_kind_are_refused(metric):
    x = texture()
    for inputs, complaint in (
        ([x], "inputs must be two"),
        ([x, x[:1]], r"inputs\[1\] must have the shape"),
        ([x, np.stack([x, x, x], axis=2)], r"inputs\[1\] must be H×W"),
        ([x * np.nan, x], r"inputs\[0\] has values that are NaN"),
    ):
        with pytest.raises(ValueError, match=complaint):
            metric(x, inputs)


@pytest.mark.parametrize("metric", [psnr, ssim])
def test_a_truth_of_another_kind_is_refused(metric):
    x = texture()
    colour = np.stack([x, x, x], axis=2)
    for fused, truth, complaint in (
        (x, x[:1], "truth must have the shape of fused"),
        (x, colour, "truth must have the shape of fused"),
        (colour, x, "truth must have the shape of fused"),
        (colour[..., :2], colour[..., :2], "fused must be H×W×3"),
        (x * np.nan, x, "fused has values that are NaN"),
        (x, x - 255, r"truth must lie in \[0, 255\]"),
    ):
        with pytest.raises(ValueError, match=complaint):
            metric(fused, truth)


def test_ssim_against_a_truth_needs_a_whole_window():
    with pytest.raises(ValueError, match="at least 11 pixels"):
        ssim(np.zeros((10, 20)), np.zeros((10, 20)))
