"""Frames of one shot are blended along the motion of the source, and nothing else is."""

import itertools

import numpy as np
import pytest

from stylefuse.video.consistency import Steady
from stylefuse.video.flow import fetched, places_in
from stylefuse.video.shots import find_shots

SIZE = (96, 128)


def moving(count: int, seed: int = 0) -> list[np.ndarray]:
    """Frames of a camera that moves by 2 px to the right over a texture."""
    import cv2

    noise = np.random.default_rng(seed).normal(0, 60, (SIZE[0], SIZE[1] + 2 * count, 3))
    whole = np.clip(128 + 3 * cv2.GaussianBlur(noise, (0, 0), 2), 0, 255).astype(np.uint8)
    return [np.ascontiguousarray(whole[:, 2 * k : 2 * k + SIZE[1]]) for k in range(count)]


def flickering(frames: list[np.ndarray]) -> list[np.ndarray]:
    rng = np.random.default_rng(9)
    return [np.clip(each + rng.normal(0, 25, each.shape), 0, 255).astype(np.uint8) for each in frames]


def error(frames: list[np.ndarray]) -> float:
    """Mean squared difference of neighbours after their motion, without the border."""
    apart = [(b[:, :-2].astype(float) - a[:, 2:])[8:-8, 8:-8] for a, b in itertools.pairwise(frames)]
    return float(np.mean(np.square(apart)))


def steadied(steady: Steady, sources: list[np.ndarray], painted: list[np.ndarray]) -> list[np.ndarray]:
    return [steady(a, b) for a, b in zip(sources, painted, strict=True)]


def test_places_follow_the_motion():
    before, now = moving(2)
    places, seen = places_in(before, now)
    inner = np.s_[10:-10, 10:-10]
    assert np.abs(places[inner][..., 0] - np.arange(SIZE[1])[10:-10] - 2).max() < 0.5
    assert seen[inner].mean() > 0.98 and seen[:, -1].max() == 0
    assert np.abs(fetched(before, places)[inner].astype(float) - now[inner]).mean() < 4


def test_flicker_becomes_less():
    sources = moving(10)
    painted = flickering(sources)
    assert error(steadied(Steady(0.9), sources, painted)) < 0.33 * error(painted)
    assert steadied(Steady(0), sources, painted)[5] is painted[5]


def test_what_is_new_is_taken_as_painted():
    sources = moving(3)
    sources[2][20:60, 30:80] = 255 - sources[2][20:60, 30:80] // 3  # something enters the picture
    painted = [255 - each for each in sources]
    out = steadied(Steady(0.9), sources, painted)[2]
    assert np.abs(out[28:52, 38:72].astype(float) - painted[2][28:52, 38:72]).mean() < 6


def test_larger_results_are_blended_too():
    sources = moving(4)
    painted = [each.repeat(2, 0).repeat(2, 1) for each in flickering(sources)]
    out = steadied(Steady(0.9), sources, painted)[3]
    clean = sources[3].repeat(2, 0).repeat(2, 1).astype(float)
    assert out.shape == painted[3].shape
    assert np.abs(out - clean).mean() < 0.9 * np.abs(painted[3] - clean).mean()


@pytest.mark.parametrize("at", [1, 8, 11])
def test_a_state_goes_on_bit_for_bit(at):
    sources = moving(13)
    painted = flickering(sources)
    whole = steadied(Steady(0.9), sources, painted)
    first = Steady(0.9)
    steadied(first, sources[:at], painted[:at])
    rest = steadied(Steady(0.9, first.state()), sources[at:], painted[at:])
    assert all((a == b).all() for a, b in zip(rest, whole[at:], strict=True))


def test_shots_and_their_samples():
    frames = [
        np.full((*SIZE, 3), colour, np.uint8) for colour in ((200, 30, 30), (30, 30, 200), (40, 200, 60))
    ]
    clip = [frames[0]] * 3 + [frames[1]] + [frames[2]] * 40
    found = list(find_shots(clip))
    assert [(shot.first, shot.length) for shot in found] == [(0, 3), (3, 1), (4, 40)]
    assert [len(shot.samples) for shot in found][:2] == [3, 1] and 2 <= len(found[2].samples) <= 4
    assert list(find_shots([])) == []
    assert len(list(find_shots(moving(12)))) == 1


def test_detail_that_the_mean_loses_is_restored():
    sources = [moving(1)[0]] * 12  # nothing moves, and every frame has strokes of its own
    painted = flickering(sources)
    out = steadied(Steady(0.9), sources, painted)[-1]
    detail = [np.diff(each.astype(float), axis=1).std() for each in (out, painted[-1])]
    assert 0.8 * detail[1] < detail[0] < 1.05 * detail[1]
