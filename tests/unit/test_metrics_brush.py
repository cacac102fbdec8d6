"""Statistics of strokes on gratings and noise, whose answers are known."""

import math

import pytest
import torch

from stylefuse.metrics.brush import ANGLES, COHERENCES, SPECTRUM_BINS, log_spectrum, stroke_statistics
from stylefuse.metrics.distribution import normalised_score, sliced_wasserstein

SIZE = 96


def grating(cycles_per_pixel, degrees):
    """A grey wave, 1×3×SIZE×SIZE, that rises in the given direction."""
    axis = torch.arange(SIZE, dtype=torch.float32)
    angle = math.radians(degrees)
    along = axis[None, :] * math.cos(angle) + axis[:, None] * math.sin(angle)
    return (0.5 * torch.sin(2 * math.pi * cycles_per_pixel * along)).expand(1, 3, SIZE, SIZE)


def noise(count, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return 0.3 * torch.randn(count, 1, SIZE, SIZE, generator=generator).expand(-1, 3, -1, -1)


def recoloured(x):
    """Less contrast, more light, and a cast: no stroke is moved."""
    return 0.4 * x + torch.tensor([0.3, 0.1, -0.1]).view(1, 3, 1, 1)


@pytest.mark.parametrize(("frequency", "expected"), [(0.05, 1), (0.14, 4), (0.30, 9), (0.48, 15)])
@pytest.mark.parametrize("degrees", [0, 30, 90])
def test_a_grating_has_its_power_in_the_ring_of_its_frequency(frequency, expected, degrees):
    (row,) = log_spectrum(grating(frequency, degrees))
    assert row.shape == (SPECTRUM_BINS,) and int(row.argmax()) == expected
    assert 10 ** row[expected] > 0.6


def test_white_noise_is_as_strong_at_every_scale():
    row = log_spectrum(noise(16)).mean(0)
    assert float(row.max() - row.min()) < 0.15


def test_recolouring_changes_no_statistic_of_strokes():
    x = noise(4) + grating(0.1, 20)
    for statistic in (log_spectrum, stroke_statistics):
        assert torch.allclose(statistic(recoloured(x)), statistic(x), atol=0.02)


def test_edges_of_a_grating_agree_and_those_of_noise_do_not():
    wave, random = (
        stroke_statistics(x).square()[:, :COHERENCES].mean(0) for x in (grating(0.1, 0), noise(8))
    )
    assert wave[-1] > 0.99
    centres = (torch.arange(COHERENCES) + 0.5) / COHERENCES
    assert 0.05 < float((random * centres).sum()) < 0.5


def test_direction_counts_from_the_main_one():
    """Alike for every direction of one wave; two waves at right angles have both ends of the histogram."""
    for degrees in (0, 37, 90, 143):
        turns = stroke_statistics(grating(0.1, degrees)).square()[0, COHERENCES : COHERENCES + ANGLES]
        assert turns[0] > 0.95
    halves = torch.cat([grating(0.1, 0)[..., : SIZE // 2], 0.8 * grating(0.1, 90)[..., SIZE // 2 :]], dim=3)
    turns = stroke_statistics(halves).square()[0, COHERENCES : COHERENCES + ANGLES]
    assert turns[0] > 0.5 and turns[-1] > 0.3


def test_shares_sum_to_one_and_a_flat_picture_has_no_direction():
    rows = stroke_statistics(noise(2)).square()
    assert rows.shape == (2, 2 * (COHERENCES + ANGLES))
    assert torch.allclose(rows.sum(1), torch.full((2,), 4.0), atol=1e-4)
    flat = torch.zeros(2, 3, SIZE, SIZE)
    assert stroke_statistics(flat)[:, COHERENCES : COHERENCES + ANGLES].eq(0).all()
    assert stroke_statistics(flat).isfinite().all() and log_spectrum(flat).isfinite().all()


def test_only_strokes_come_closer_to_the_paintings():
    """Paintings are hatched noise. Hatched photos score 1, recoloured ones 0."""
    photos, paintings = noise(24, 1), noise(48, 2) + grating(0.2, 60)
    first, second = paintings[:24], paintings[24:]
    for statistic in (log_spectrum, stroke_statistics):

        def score(fakes, of=statistic):
            far, near, best = (sliced_wasserstein(of(x), of(second)) for x in (photos, fakes, first))
            return normalised_score(far, near, best).value

        assert score(recoloured(photos)) == pytest.approx(0, abs=0.05)
        assert score(photos + grating(0.2, 60)) == pytest.approx(1, abs=0.05)


def test_small_pictures_are_refused():
    with pytest.raises(ValueError, match="32 px or more, not 31×40"):
        log_spectrum(torch.zeros(1, 3, 31, 40))
