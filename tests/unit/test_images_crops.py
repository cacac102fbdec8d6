import numpy as np
import pytest
import torch

from stylefuse.images.crops import CropSampler, centre_crops, draw_each, resized
from stylefuse.images.store import ImageStore, write_store


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Seven flat pictures: their brightness tells their row."""
    folder = tmp_path_factory.mktemp("store")
    sizes = [(20, 30), (30, 20), (16, 16), (40, 17), (24, 24), (33, 21), (18, 50)]
    write_store(folder, [np.full((*size, 3), 30 * i, np.uint8) for i, size in enumerate(sizes)])
    return ImageStore(folder)


@pytest.fixture(scope="module")
def noise_store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("noise")
    random = np.random.default_rng(0)
    write_store(folder, [random.integers(0, 256, (h, w, 3), dtype=np.uint8) for h, w in ((40, 60), (50, 32))])
    return ImageStore(folder)


def sampler(store, rows=range(7), size=16, least=0.5, seed=0):
    return CropSampler(store, np.array(rows), size, least, np.random.default_rng(seed))


def rows_in(crops):
    return ((crops[:, 0, 0, 0] + 1) * 127.5 / 30).round().int().tolist()


def test_crops_are_pictures(noise_store):
    crops = sampler(noise_store, [0, 1]).draw(9)
    assert crops.shape == (9, 3, 16, 16) and crops.dtype == torch.float32
    assert crops.min() >= -1 and crops.max() <= 1 and crops.std() > 0.1
    assert crops.is_contiguous(memory_format=torch.channels_last)


def test_equal_generators_draw_equal_crops(noise_store):
    assert torch.equal(sampler(noise_store, [0, 1]).draw(5), sampler(noise_store, [0, 1]).draw(5))
    assert not torch.equal(sampler(noise_store, [0, 1]).draw(5), sampler(noise_store, [0, 1], seed=1).draw(5))


def test_every_row_is_drawn_once_a_round(store):
    some = sampler(store)
    for _ in range(3):
        assert sorted(rows_in(some.draw(3)) + rows_in(some.draw(4))) == list(range(7))


def test_a_draw_may_be_longer_than_a_round(store):
    assert sorted(rows_in(sampler(store, [2, 5]).draw(6))) == [2, 2, 2, 5, 5, 5]


def test_only_the_rows_given_are_drawn(store):
    assert set(rows_in(sampler(store, [1, 4]).draw(8))) == {1, 4}


def test_one_crop_of_each_sampler_in_turn(store):
    """Many of them, so that more threads than one are at work."""
    dark, bright = sampler(store, [1, 2], seed=1), sampler(store, [5, 6], seed=2)
    rows = rows_in(draw_each([dark, bright] * 20))
    assert {*rows[::2]} == {1, 2} and {*rows[1::2]} == {5, 6}


def test_crops_of_unlike_sizes_are_no_batch(store):
    with pytest.raises(ValueError, match=r"\[16, 24\]"):
        draw_each([sampler(store, size=16), sampler(store, size=24)])


def test_crops_drawn_together_or_one_by_one_are_the_same(noise_store):
    one, other = sampler(noise_store, [0, 1]), sampler(noise_store, [0, 1])
    assert torch.equal(draw_each([one] * 9), torch.cat([other.draw(1) for _ in range(9)]))


@pytest.mark.parametrize("drawn", [0, 3, 7])
def test_restored_it_goes_on_with_the_same_crops(noise_store, drawn):
    rows = [0, 1, 0, 1, 0]
    random = np.random.default_rng(0)
    first = CropSampler(noise_store, np.array(rows), 16, 0.5, random)
    if drawn:
        first.draw(drawn)
    state, random_state = first.state(), random.bit_generator.state
    expected = first.draw(6)
    random = np.random.default_rng(99)
    second = CropSampler(noise_store, np.array(rows), 16, 0.5, random)
    second.restore(state)
    random.bit_generator.state = random_state
    assert torch.equal(second.draw(6), expected)


def test_whole_pictures_at_least_1(noise_store):
    """With `least` 1 a crop is as tall as the picture: only place along the long side and the mirror vary."""
    crop = sampler(noise_store, [0], size=40, least=1.0).draw(1)[0]
    picture = noise_store[0]
    windows = [picture[:, left : left + 40] for left in range(21)]
    candidates = [resized(w, 40) for w in windows] + [resized(w[:, ::-1], 40) for w in windows]
    assert any(torch.equal(crop, c) for c in candidates)


def test_no_rows_are_refused(store):
    with pytest.raises(ValueError, match="no pictures"):
        sampler(store, [])


def test_the_smallest_picture_can_be_cropped(tmp_path):
    write_store(tmp_path, [np.full((1, 1, 3), 255, np.uint8)])
    crops = sampler(ImageStore(tmp_path), [0], size=8, least=0.1).draw(20)
    assert (crops == 1).all()


def test_resized_keeps_range_and_pixels():
    black_white = np.zeros((32, 32, 3), np.uint8)
    black_white[:, 16:] = 255
    assert torch.equal(resized(black_white, 32).unique(), torch.tensor([-1.0, 1.0]))
    small = resized(black_white, 8)
    assert (small[:, :, 0] == -1).all() and (small[:, :, -1] == 1).all()


def test_resizing_does_not_alias():
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[:, ::2] = 255
    assert resized(stripes, 16)[:, :, 2:-2].abs().max() < 0.1


def test_centre_crops(noise_store):
    crops = centre_crops(noise_store, np.array([1, 0]), 32)
    assert crops.shape == (2, 3, 32, 32)
    assert torch.equal(crops[0], resized(noise_store[1][9:41], 32))
    assert torch.equal(crops[1], resized(noise_store[0][:, 10:50], 32))
    assert torch.equal(crops, centre_crops(noise_store, np.array([1, 0]), 32))
