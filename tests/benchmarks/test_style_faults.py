"""Each number sees the fault it is named after, in a picture that has it and nothing else."""

import pytest
import torch
from style_faults import border_step, extremes, repetition

from support import smooth_pictures


def noisy(seed=0, n=8, size=64):
    """Smooth pictures under fine noise, cut out of larger ones: those flatten towards their borders."""
    noise = torch.randn(n, 1, size, size, generator=torch.Generator().manual_seed(seed))
    return 0.5 * smooth_pictures(n, 2 * size, 2 * size)[:, :, 16 : 16 + size, 16 : 16 + size] + 0.05 * noise


def test_a_frame_shows():
    pictures = noisy()
    assert 0.7 < border_step(pictures) < 1.4
    for edge in (0, -1):
        framed = pictures.clone()
        framed[:, :, edge] = -1
        assert border_step(framed) > 2


@pytest.mark.parametrize("period", [5, 8])
def test_a_texture_that_repeats_shows(period):
    pictures = noisy()
    wave = torch.sin(2 * torch.pi * torch.arange(64) / period)
    sound, repeating = repetition(pictures, pictures), repetition(pictures + 0.2 * wave, pictures)
    assert sound < 0.4 and repeating > 0.7


def test_smooth_places_are_no_repetition_however_bright():
    pictures = noisy()
    assert abs(repetition(0.3 * pictures + 0.4, pictures) - repetition(pictures, pictures)) < 0.02


def test_the_busiest_and_the_flattest_place():
    places = torch.zeros(2, 3, 96, 96)
    places[0, :, 40:72, 8:40] = torch.randn(3, 32, 32)
    places[1, :, 64:, 64:] = 1.0
    places[1, :, ::2, :48] += 0.1
    x = torch.arange(96.0).expand(2, 3, 96, 96)  # its columns tell where a square is from
    busy, flat = extremes(x, places, 32)
    assert busy.shape == flat.shape == (2, 3, 32, 32)
    assert busy[0, 0, 0, 0] == 8
    assert flat[1, 0, 0, 0] == 48
