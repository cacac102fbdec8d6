"""All fusion metrics together: orders, traps on the record, constant pictures, luma, and the basket."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from fusion_planes import flat, texture
from stylefuse.metrics.fusion import BASKET, correlation, fusion_metrics, luma, rank_sums

NAMES = ["EN", "SD", "SF", "AG", "MI", "SCD", "CC", "Qabf", "VIF", "SSIM", "MEF_SSIM"]


def damaged(x, how, amount):
    if how == "blur":
        return gaussian_filter(x, amount)
    if how == "noise":
        return (x + 10 * amount * np.random.default_rng(9).standard_normal(x.shape)).clip(0, 255)
    return np.roll(x, round(2 * amount), axis=1)


def test_all_metrics_are_there_and_finite_for_two_to_eight_inputs():
    inputs = [texture(seed) for seed in range(8)]
    for n in (2, 3, 8):
        scores = fusion_metrics(np.mean(inputs[:n], axis=0), inputs[:n])
        assert list(scores) == NAMES
        assert all(isinstance(score, float) and np.isfinite(score) for score in scores.values())


@pytest.mark.parametrize("n", [2, 3])
def test_the_order_of_the_inputs_does_not_matter(n):
    inputs = [texture(seed) for seed in range(n)]
    fused = np.mean(inputs, axis=0)
    assert fusion_metrics(fused, inputs[::-1]) == pytest.approx(fusion_metrics(fused, inputs), abs=1e-12)


def test_integers_and_an_array_of_inputs_will_do():
    inputs = np.stack([texture(1), texture(2)]).astype(np.uint8)
    expected = fusion_metrics(texture(), [texture(1), texture(2)])
    assert fusion_metrics(texture().astype(np.uint8), inputs) == expected


@pytest.mark.parametrize("how", ["blur", "noise", "shift"])
def test_damage_to_the_fused_picture_is_seen(how):
    x = texture()
    inputs = [x, 0.7 * x + 60]  # two exposures
    scores = [fusion_metrics(damaged(x, how, amount) if amount else x, inputs) for amount in (0, 1, 2)]
    for metric in ("Qabf", "VIF", "SSIM"):
        assert scores[0][metric] > scores[1][metric] > scores[2][metric]


def test_noise_raises_what_counts_activity_only():
    """Why none of these may stand alone."""
    x = texture()
    inputs = [x, gaussian_filter(x, 1.5)]
    clean, noisy = (fusion_metrics(f, inputs) for f in (x, damaged(x, "noise", 1)))
    assert all(noisy[metric] > clean[metric] for metric in ("EN", "SD", "SF", "AG"))


def test_blur_raises_ssim_where_one_input_is_blurred():
    x = texture()
    inputs = [x, gaussian_filter(x, 1.5)]
    sharp, blurred = (fusion_metrics(f, inputs) for f in (x, damaged(x, "blur", 1)))
    assert blurred["SSIM"] > sharp["SSIM"]


@pytest.mark.parametrize("level", [0, 33.3, 255])
def test_constant_pictures_give_numbers(level):
    x, constant = texture(), flat(level)
    for fused, inputs in ((constant, [x, x]), (x, [constant, x]), (constant, [constant, constant])):
        assert np.isfinite(list(fusion_metrics(fused, inputs).values())).all()
    nothing = fusion_metrics(constant, [constant, flat(99.9)])
    assert [nothing[metric] for metric in ("EN", "SF", "AG", "MI", "SCD", "CC", "VIF")] == [0] * 7
    assert correlation(x, [constant, x]) == pytest.approx(0.5)  # only the term of the constant is 0


def test_luma_is_that_of_rec_601_and_leaves_greys_alone():
    colours = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255], [10, 20, 30]]])
    assert luma(colours)[0] == pytest.approx([76.245, 149.685, 29.07, 255, 18.15], abs=1e-12)
    grey = texture() + 1 / 3
    assert (luma(np.repeat(grey[..., None], 3, axis=2)) == grey).all()


def test_luma_refuses_what_is_no_rgb():
    for shape in ((8, 8), (8, 8, 4), (3, 8, 8), (1, 8, 8, 3)):
        with pytest.raises(ValueError, match="picture must be H×W×3"):
            luma(np.zeros(shape))


def test_ranks_are_summed_and_ties_shared():
    table = {
        "good": {"EN": 3.0, "SF": 9.0, "SD": 0.0},
        "tied": {"EN": 2.0, "SF": 9.0, "SD": 9.0},
        "bad": {"EN": 1.0, "SF": 4.0, "SD": 5.0},
    }
    assert rank_sums(table, ("EN", "SF")) == {"good": 1 + 1.5, "tied": 2 + 1.5, "bad": 3 + 3}


def test_the_basket_counts_when_nothing_else_is_asked():
    table = {name: dict.fromkeys(BASKET, value) for name, value in (("low", 1.0), ("high", 2.0))}
    table["low"]["MI"] = 99.0  # not in the basket, so not everyone must have it
    assert rank_sums(table) == {"low": 10, "high": 5}
    assert rank_sums({"alone": dict.fromkeys(BASKET, 0.0)}) == {"alone": 5}


def test_a_pixelwise_maximum_does_not_win_the_basket_by_mutual_information():
    a, b = texture(1), texture(2)
    rules = {"max": np.maximum(a, b), "mean": (a + b) / 2}
    table = {name: fusion_metrics(fused, [a, b]) for name, fused in rules.items()}
    assert table["max"]["MI"] > table["mean"]["MI"]
    assert "MI" not in BASKET and table["mean"]["SCD"] > table["max"]["SCD"]


@pytest.mark.parametrize(
    ("table", "metrics", "complaint"),
    [
        ({}, BASKET, "must not be empty"),
        ({"x": {"EN": 1.0}}, (), "must not be empty"),
        ({"x": {"EN": 1.0}, "y": {}}, ("EN",), "'y' has no finite 'EN'"),
        ({"x": {"EN": np.nan}}, ("EN",), "'x' has no finite 'EN'"),
    ],
)
def test_tables_with_gaps_are_refused(table, metrics, complaint):
    with pytest.raises(ValueError, match=complaint):
        rank_sums(table, metrics)
