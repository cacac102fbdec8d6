"""Each number sees the fault it is named after, in a picture that has it and nothing else."""

from types import SimpleNamespace

import pytest
import torch

from benchmarks.style.faults import faults
from benchmarks.style.flat_places import extremes, repetition
from benchmarks.style.margins import border_step
from support import smooth_pictures


def noisy(seed=0, n=8, size=64):
    """Smooth pictures under fine noise, cut out of larger ones: those flatten towards their borders."""
    noise = torch.randn(n, 1, size, size, generator=torch.Generator().manual_seed(seed))
    return 0.5 * smooth_pictures(n, 2 * size, 2 * size)[:, :, 16 : 16 + size, 16 : 16 + size] + 0.05 * noise


@pytest.mark.parametrize("edge", [0, -1])
def test_a_frame_shows(edge):
    pictures = noisy()
    assert 0.7 < border_step(pictures) < 1.4
    rows, columns = pictures.clone(), pictures.clone()
    rows[:, :, edge] = -1
    columns[:, :, :, edge] = -1
    assert border_step(rows) > 2 and border_step(columns) > 2


@pytest.mark.parametrize("period", [5, 8])
def test_a_texture_that_repeats_shows(period):
    pictures = noisy()
    wave = torch.sin(2 * torch.pi * torch.arange(64) / period)
    sound, repeating = repetition(pictures, pictures), repetition(pictures + 0.2 * wave, pictures)
    assert sound < 0.4 and repeating > 0.7


def test_brightness_and_contrast_change_no_repetition():
    pictures = noisy()
    assert abs(repetition(0.3 * pictures + 0.4, pictures) - repetition(pictures, pictures)) < 0.02


def test_the_busiest_and_the_flattest_place():
    places = torch.zeros(2, 3, 96, 96)
    places[0, :, 40:72, 8:40] = torch.randn(3, 32, 32, generator=torch.Generator().manual_seed(0))
    places[1, :, 64:, 64:] = 1.0
    places[1, :, ::2, :48] += 0.1
    # The first channel of x tells the column that a square is from, the second the row.
    x = torch.stack([torch.arange(96.0).expand(96, 96), torch.arange(96.0)[:, None].expand(96, 96)])
    busy, flat = extremes(x.expand(2, 2, 96, 96), places, 32)
    assert busy.shape == flat.shape == (2, 2, 32, 32)
    assert busy[0, :, 0, 0].tolist() == [8, 40]
    assert flat[1, :, 0, 0].tolist() == [48, 0]


def test_what_the_networks_say_and_pixels_at_the_ends():
    """C sees the style in everything, the judge saw it in nothing, the patch judge sees it where it is busy."""

    def always(index):
        return lambda x: torch.eye(3)[index].expand(len(x), 3)

    def where_busy(x):
        return torch.eye(3)[(x.diff(dim=3).abs().mean(dim=(1, 2, 3)) > 0.01).long()]

    data = SimpleNamespace(
        classifier=always(1),
        evaluation=SimpleNamespace(batch_size=4),
        device=torch.device("cpu"),
    )
    photos, paintings = noisy(size=128), noisy(seed=1, size=128)
    photos[:, :, :64, :64] = 0
    fakes = photos.clone()
    fakes[:, 0, 64:] = 1
    sets = {"fakes": fakes, "photos": photos, "paintings": paintings}
    judge = {f"accuracy_{name}": 0.0 for name in sets}
    found = faults(data, SimpleNamespace(of_patches=where_busy), 1, sets, judge)
    assert found["classifier_lead"] == {"fakes": 1, "photos": 1, "paintings": 1}
    assert found["at_ends"]["fakes"] == 0.5 and found["at_ends"]["photos"] == 0
    assert found["busy"]["photos"] == 1 and found["flat"]["photos"] == 0
    assert {"frame", "margins", "streaks", "dots", "strong_colours", "hues", "colour_kept"} <= found.keys()
