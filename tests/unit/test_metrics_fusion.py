"""Single fusion metrics: published values, more than two inputs, refusals."""

import numpy as np
import pytest
from skimage.measure import shannon_entropy

from fusion_planes import flat, texture
from stylefuse.metrics.fusion import (
    average_gradient,
    correlation,
    correlations_of_differences,
    deviation,
    edge_preservation,
    entropy,
    fusion_metrics,
    mutual_information,
    spatial_frequency,
)

OF_INPUTS = [mutual_information, correlations_of_differences, correlation, edge_preservation]
PERFECT = 0.9994 / (1 + np.exp(-7.5)) * 0.9879 / (1 + np.exp(-4.4))


def ramp(height=8, width=16):
    return np.tile(np.arange(float(width)), (height, 1))


def spoilt(value):
    x = texture()
    x[3, 4] = value
    return x


@pytest.mark.parametrize(
    ("metric", "picture", "expected"),
    [
        (entropy, flat(7), 0),
        (entropy, np.arange(256.0).reshape(16, 16), 8),
        (entropy, np.array([[0, 0], [255, 255]], np.uint8), 1),
        (deviation, np.array([[0, 255], [255, 0]]), 127.5),
        (deviation, flat(33.3), 0),
        (spatial_frequency, ramp(), 1),
        (spatial_frequency, ramp().T, 1),
        (spatial_frequency, ramp() + 2 * np.arange(8)[:, None], np.sqrt(5)),
        (spatial_frequency, ramp(height=1), 1),
        (average_gradient, ramp(), np.sqrt(0.5)),
        (average_gradient, 3 * ramp() + 4 * np.arange(8)[:, None], np.sqrt(12.5)),
        # Central differences are one-sided at the borders: 1, 0.5, 0.5, 1 down every column.
        (average_gradient, np.tile([[0.0], [1], [1], [2]], (1, 3)), 0.75 * np.sqrt(0.5)),
    ],
)
def test_known_values_of_one_picture(metric, picture, expected):
    assert metric(picture) == pytest.approx(expected, abs=1e-12)


def test_entropy_is_that_of_scikit_image():
    assert entropy(texture()) == pytest.approx(shannon_entropy(texture().astype(np.uint8)), abs=1e-12)


def test_halves_are_rounded_up_so_an_average_keeps_its_odd_levels():
    halves = np.arange(255).reshape(15, 17) + 0.5
    assert entropy(halves) == pytest.approx(np.log2(255), abs=1e-12)


def test_mutual_information_of_equal_pictures_is_twice_their_entropy():
    x = texture()
    assert mutual_information(x, [x, x]) == pytest.approx(2 * entropy(x), abs=1e-9)


def test_mutual_information_of_independent_pictures_is_zero():
    down, across = (np.repeat(np.arange(16.0), 16).reshape(16, 16).transpose(t) for t in ((0, 1), (1, 0)))
    assert mutual_information(down, [across, across]) == pytest.approx(0, abs=1e-12)
    assert mutual_information(down, [across, 255 - down]) == pytest.approx(4, abs=1e-12)


def test_mutual_information_tells_the_two_brightest_levels_apart():
    x = np.where(texture() > 128, 255, 254)
    assert mutual_information(x, [x, x]) > 1.9


def test_scd_of_a_sum_is_the_number_of_inputs():
    a, b, c = (texture(seed) / 3 for seed in range(3))
    assert correlations_of_differences(a + b, [a, b]) == pytest.approx(2, abs=1e-9)
    assert correlations_of_differences((a + b + c) / 2, [a, b, c]) == pytest.approx(3, abs=1e-9)


def test_scd_of_two_inputs_is_the_published_one():
    f, a, b = texture(0), texture(1), texture(2)
    published = sum(np.corrcoef((f - y).ravel(), x.ravel())[0, 1] for x, y in ((a, b), (b, a)))
    assert correlations_of_differences(f, [a, b]) == pytest.approx(published, abs=1e-12)


def test_correlation_is_the_mean_over_the_inputs():
    x, other = texture(), texture(1)
    assert correlation(x, [x, 255 - x]) == pytest.approx(0, abs=1e-12)
    expected = (1 + np.corrcoef(x.ravel(), other.ravel())[0, 1]) / 2
    assert correlation(x, [x, other]) == pytest.approx(expected, abs=1e-12)


def test_qabf_of_a_copy_is_its_maximum_which_is_not_one():
    x = texture()
    assert edge_preservation(x, [x, x]) == pytest.approx(0.974794, abs=1e-6)
    assert edge_preservation(x, [x, x, x]) == pytest.approx(PERFECT, abs=1e-12)


def test_qabf_of_an_edge_at_half_strength_and_of_a_turned_one():
    """A black frame hides the border, so the value of a single edge can be worked out by hand."""
    wide, half, turned = np.zeros((3, 20, 20))
    wide[6:14, 6:14] = 200
    half[6:14, 6:14] = 100
    at_half = 0.9994 / 2 * 0.9879 / (1 + np.exp(-4.4))
    assert edge_preservation(half, [wide, wide]) == pytest.approx(at_half, abs=1e-12)
    # Where the fused picture has no edge, G is 0, and so is nearly all of Q.
    assert edge_preservation(turned, [wide, wide]) < 1e-3


def qabf_by_definition(fused, inputs):
    """Place by place, black around the pictures."""

    def edge(x, i, j):
        near = np.pad(x, 1)[i : i + 3, j : j + 3]
        sx = near[:, 2] @ (1, 2, 1) - near[:, 0] @ (1, 2, 1)
        sy = near[2] @ (1, 2, 1) - near[0] @ (1, 2, 1)
        return np.hypot(sx, sy), np.arctan(sy / sx) if sx else np.pi / 2

    kept = held = 0
    for x in inputs:
        for place in np.ndindex(x.shape):
            (g, alpha), (g_f, alpha_f) = edge(x, *place), edge(fused, *place)
            strength = 1 if g == g_f else min(g, g_f) / max(g, g_f)
            direction = 1 - abs(alpha - alpha_f) / (np.pi / 2)
            q = 0.9994 / (1 + np.exp(-15 * (strength - 0.5)))
            kept += g * q * 0.9879 / (1 + np.exp(-22 * (direction - 0.8)))
            held += g
    return kept / held


@pytest.mark.parametrize("n", [2, 3])
def test_qabf_is_its_definition_place_by_place(n):
    f, *inputs = (texture(seed, (24, 24)) for seed in range(n + 1))
    inputs[0][4:9, 4:9] = f[4:9, 4:9] = 77  # no edge in either
    f = np.rint((f + inputs[0]) / 2)
    assert edge_preservation(f, inputs) == pytest.approx(qabf_by_definition(f, inputs), abs=1e-12)


def test_qabf_of_a_grey_scaled_picture_is_not_swayed_by_rounding():
    f, a, b = (texture(seed) for seed in range(3))
    exact = edge_preservation(f, [a, b])
    assert edge_preservation(f * 0.7, [a * 0.7, b * 0.7]) == pytest.approx(exact, abs=1e-9)


def test_qabf_weighs_inputs_by_their_edges():
    x = texture()
    black = np.zeros_like(x)
    assert edge_preservation(x, [x, black]) == pytest.approx(PERFECT, abs=1e-12)
    weak = np.zeros_like(x)
    weak[30:34, 30:34] = 1
    assert PERFECT - 0.001 < edge_preservation(x, [x, weak]) < PERFECT


@pytest.mark.parametrize("metric", [mutual_information, correlation])
def test_sums_and_means_go_on_to_more_inputs(metric):
    f, *inputs = (texture(seed) for seed in range(4))
    pairs = [metric(f, [inputs[i], inputs[j]]) for i, j in ((0, 1), (0, 2), (1, 2))]
    factor = 1 / 2 if metric is mutual_information else 1 / 3
    assert metric(f, inputs) == pytest.approx(factor * sum(pairs), abs=1e-12)


def test_qabf_of_black_inputs_is_zero():
    assert edge_preservation(texture(), [flat(0), flat(0)]) == 0


@pytest.mark.parametrize("metric", [entropy, deviation, spatial_frequency, average_gradient])
def test_metrics_of_one_picture_refuse_too(metric):
    with pytest.raises(ValueError, match="fused must be H×W"):
        metric(np.zeros((8, 8, 3)))
    with pytest.raises(ValueError, match="fused has values that are NaN"):
        metric(spoilt(np.nan))


@pytest.mark.parametrize(
    ("fused", "inputs", "complaint"),
    [
        (np.zeros((64, 64, 3)), [texture(), texture()], r"fused must be H×W, .*luma"),
        (texture(), [texture(), np.zeros((64, 64, 3))], r"inputs\[1\] must be H×W"),
        (texture(), texture(), r"inputs\[0\] must be H×W"),
        (texture(), [texture(), texture()[:1]], r"inputs\[1\] must have the shape of fused"),
        (texture(), [texture()[:, :1], texture()], r"inputs\[0\] must have the shape of fused"),
        (texture(), [texture(), np.float64(3)], r"inputs\[1\] must be H×W"),
        (texture(), [texture()], "inputs must be two pictures or more, not 1"),
        (texture(), [], "inputs must be two"),
        (spoilt(np.nan), [texture(), texture()], "fused has values that are NaN"),
        (texture(), [spoilt(np.inf), texture()], r"inputs\[0\] has values that are NaN or infinite"),
        (spoilt(-1), [texture(), texture()], r"fused must lie in \[0, 255\], not in \[-1"),
        (texture(), [texture(), spoilt(256)], r"inputs\[1\] must lie in \[0, 255\]"),
        (texture() > 128, [texture(), texture()], "fused must hold real numbers, not bool"),
        (np.zeros((0, 4)), [np.zeros((0, 4))] * 2, "fused must be H×W"),
    ],
)
@pytest.mark.parametrize("metric", [*OF_INPUTS, fusion_metrics])
def test_bad_pictures_are_refused_by_name(metric, fused, inputs, complaint):
    with pytest.raises(ValueError, match=complaint):
        metric(fused, inputs)
