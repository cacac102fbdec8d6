"""Frames come with their neighbours, moved onto them."""

import numpy as np
import pytest
from test_video_consistency import moving

from stylefuse.video.neighbours import windows, with_neighbours
from stylefuse.video.reading import Timed


def timed(frames) -> list[Timed]:
    return [Timed(picture, number) for number, picture in enumerate(frames)]


@pytest.mark.parametrize("count, around", [(0, 2), (1, 2), (2, 2), (4, 2), (5, 2), (9, 2), (3, 1), (3, 0)])
def test_every_frame_comes_once_with_the_nearest(count, around):
    found = list(windows(timed([None] * count), around))
    assert [frame.pts for frame, _ in found] == list(range(count))
    for frame, window in found:
        numbers = [each.pts for each in window]
        first = min(max(frame.pts - around, 0), max(count - 2 * around - 1, 0))
        assert numbers == list(range(first, min(first + 2 * around + 1, count)))


def noisy(frames, sigma=20.0):
    rng = np.random.default_rng(3)
    return [np.clip(each + rng.normal(0, sigma, each.shape), 0, 255).astype(np.uint8) for each in frames]


def test_neighbours_lie_on_the_frame_in_spite_of_noise():
    clean = moving(5)
    frames = timed(noisy(clean))
    pictures = with_neighbours(frames[2], frames)
    assert len(pictures) == 5 and pictures[0] is frames[2].picture
    inner = np.s_[12:-12, 12:-12]
    errors = [
        np.square(each[inner].astype(float) - clean[2][inner]).mean()
        for each in (pictures[0], np.mean(pictures, 0))
    ]
    assert errors[1] < 0.35 * errors[0]


def test_what_a_neighbour_does_not_show_is_the_frame_itself():
    frames = moving(2)
    frames[1] = frames[1].copy()
    frames[1][30:70, 40:90] = 255 - frames[1][30:70, 40:90]
    window = timed(frames)
    here, other = with_neighbours(window[0], window)
    assert (other[38:62, 50:80] == here[38:62, 50:80]).mean() > 0.95


def test_a_lonely_frame_has_no_neighbours():
    (only,) = timed(moving(1))
    assert len(with_neighbours(only, [only])) == 1
