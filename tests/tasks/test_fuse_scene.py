"""Pictures of different places joined in one: seams, tones, sizes, depth."""

import numpy as np
import pytest

from stylefuse.tasks.fuse.scene import blend_bands, join_scene
from stylefuse.tasks.fuse.seams import Place, best_seam, placed


def land(height: int, width: int, horizon: float, sky: tuple, ground: tuple, seed: int) -> np.ndarray:
    """A bright sky over dark, rough ground, uint8."""
    random = np.random.default_rng(seed)
    picture = np.empty((height, width, 3), np.float32)
    line = round(height * horizon)
    picture[:line], picture[line:] = sky, ground
    picture[line:] += random.normal(0, 25, (height - line, width, 1))
    picture[:line] += random.normal(0, 2, (line, width, 1))
    return picture.clip(0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def pair() -> list[np.ndarray]:
    return [
        land(96, 160, 0.5, (150, 190, 230), (60, 90, 40), 0),
        land(96, 160, 0.5, (230, 190, 150), (110, 70, 40), 1),
    ]


def test_each_picture_stays_itself_far_from_the_seam_and_tones_meet_at_it(pair):
    scene = join_scene(pair)
    weights = np.stack(scene.weights)
    assert scene.picture.shape == (96, 160, 3) and scene.picture.dtype == np.uint8
    assert np.allclose(weights.sum(0), 1) and (weights.mean((1, 2)) > 0.2).all()
    axis = 0 if scene.below else 1
    starts = weights[0].mean(1 - axis)[0] > 0.5  # the first picture, on the left or above
    ends = [0, -1] if starts else [-1, 0]
    for picture, end in zip(pair, ends, strict=True):
        edge = [np.take(each, [end], axis).mean((0, 1)) for each in (scene.picture, picture)]
        assert np.abs(edge[0] - edge[1]).max() < 12
    # No step across the sky or the ground, though the pictures differ by 80 levels.
    means = scene.picture.astype(float).mean(axis=1 - axis)
    if not scene.below:
        assert np.abs(np.diff(means, axis=0)).max() < 12


def test_a_seam_avoids_what_differs_and_ignores_a_difference_in_tone():
    random = np.random.default_rng(2)
    first = np.repeat(random.random((64, 96, 1)).astype(np.float32) * 0.2 + 0.3, 3, axis=2)
    second = first + 0.2
    second[:, 40:56] += random.random((64, 16, 1)).astype(np.float32) * 0.3  # something in the middle
    seam = best_seam(first, second, 0.5, 0.25, down=False)
    assert seam.place == Place(1.0, 0.0, 0.0) and seam.difference < 0.03
    columns = seam.path.nonzero()[1]
    assert ((columns < 41) | (columns > 54)).all() and columns.min() >= 24 and columns.max() <= 72
    assert not seam.second[:, 0].any() and seam.second[:, -1].all()
    turned = best_seam(first.swapaxes(0, 1).copy(), second.swapaxes(0, 1).copy(), 0.5, 0.25, down=True)
    assert np.array_equal(turned.second, seam.second.T)


def test_equal_pictures_are_not_changed(pair):
    scene = join_scene([pair[0], pair[0].copy()])
    assert np.abs(scene.picture.astype(int) - pair[0]).max() <= 1 and scene.difference < 0.03


def test_sizes_depth_and_number_may_differ(pair):
    deep = [pair[0].astype(np.uint16) * 257, pair[1][:50, :70], pair[0][..., 0]]
    scene = join_scene(deep)
    assert scene.picture.shape == (96, 160, 3) and scene.picture.dtype == np.uint16
    assert len(scene.weights) == 3 and np.allclose(np.sum(scene.weights, axis=0), 1)
    assert not scene.below and [float(w.mean()) > 0.15 for w in scene.weights] == [True] * 3
    assert join_scene([pair[0][:16, :17], pair[1][:90, :16]]).picture.shape == (16, 17, 3)


def test_bands_of_one_mask_are_the_layer_and_a_cut_is_smooth():
    random = np.random.default_rng(3)
    one, other = (random.random((65, 131)).astype(np.float32) for _ in range(2))
    whole = np.ones_like(one)
    assert np.allclose(blend_bands([one, other], [whole, 0 * whole]), one, atol=1e-5)
    left = np.zeros_like(one)
    left[:, :65] = 1
    flat = blend_bands([whole, 0 * whole], [left, 1 - left])[32]
    assert flat[0] > 0.97 and flat[-1] < 0.03 and np.abs(np.diff(flat)).max() < 0.6


def test_a_placed_picture_covers_the_size():
    picture = np.arange(30 * 50, dtype=np.float32).reshape(30, 50, 1)
    for place in (Place(1.0, 0.5, 0.5), Place(1.25, 0.0, 1.0)):
        assert placed(picture, 64, 64, place).shape[:2] == (64, 64)
    assert np.array_equal(placed(picture, 50, 30, Place(1.0, 0, 0)).ravel(), picture.ravel())
