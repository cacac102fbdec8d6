"""Crops cut on a device, here the CPU, against those of the threads."""

import logging

import numpy as np
import pytest
import torch

from stylefuse.images import device_store
from stylefuse.images.crops import CropSampler, crops_of, draw_each
from stylefuse.images.device_store import DeviceStore, placed
from stylefuse.images.store import ImageStore, Window, write_store

CPU = torch.device("cpu")
LEVEL = 1 / 127.5


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("store")
    random = np.random.default_rng(0)
    sizes = ((40, 60), (150, 111), (33, 32), (200, 256))
    write_store(folder, [random.integers(0, 256, (*size, 3), dtype=np.uint8) for size in sizes])
    return ImageStore(folder)


def sampler(store, least=0.3, size=48):
    return CropSampler(store, np.arange(4), size, least, np.random.default_rng(5))


@pytest.mark.parametrize("size", [16, 48, 128])
def test_crops_differ_from_those_of_the_cpu_by_one_level_at_most(store, size):
    """Reduced and enlarged, mirrored or not, on noise: the worst case."""
    here, there = (sampler(each, size=size).draw(40) for each in (store, DeviceStore(store, CPU)))
    assert there.shape == here.shape and there.dtype == here.dtype
    assert there.is_contiguous(memory_format=torch.channels_last)
    difference = (there - here).abs()
    assert difference.max() < 1.01 * LEVEL
    assert difference.mean() < 0.2 * LEVEL


def test_crops_of_the_window_s_size_are_its_pixels(store):
    windows = [Window(1, 3, 5, 32, False), Window(0, 7, 20, 32, True), Window(2, 1, 0, 32, False)]
    assert torch.equal(crops_of(DeviceStore(store, CPU), windows, 32), crops_of(store, windows, 32))


def test_random_decisions_and_states_are_the_same(store):
    here, there = sampler(store), sampler(DeviceStore(store, CPU))
    for count in (3, 7):
        assert here.windows(count) == there.windows(count)
        assert here.state() == there.state()
    assert (draw_each([here] * 3) - draw_each([there] * 3)).abs().max() < 1.01 * LEVEL


def test_many_crops_are_cut_in_parts(store, monkeypatch):
    whole = sampler(DeviceStore(store, CPU)).draw(10)
    monkeypatch.setattr(device_store, "CHUNK", 3)
    parts = sampler(DeviceStore(store, CPU)).draw(10)
    assert (whole - parts).abs().max() < 1.01 * LEVEL


def test_pictures_remain_readable(store):
    assert (DeviceStore(store, CPU)[2] == store[2]).all() and len(DeviceStore(store, CPU)) == 4


def test_samplers_of_two_stores_make_no_batch(store):
    with pytest.raises(ValueError, match="several image stores"):
        draw_each([sampler(store), sampler(DeviceStore(store, CPU))])


def test_on_the_cpu_the_store_stays_as_it_is(store):
    assert placed(store, CPU) is store


@pytest.mark.slow  # the device "meta" imports torch's compiler
def test_everything_is_computed_on_the_store_s_device(store):
    """The device "meta" computes shapes alone, and refuses tensors of another device."""
    crops = sampler(DeviceStore(store, torch.device("meta"))).draw(5)
    assert (crops.device.type, crops.shape) == ("meta", (5, 3, 48, 48))


def test_the_log_tells_where_crops_are_made(store, monkeypatch, caplog):
    device = torch.device("meta")  # a device without memory
    with caplog.at_level(logging.INFO):
        assert isinstance(placed(store, device), DeviceStore)
        assert "crops are made on the GPU" in caplog.text
        monkeypatch.setattr(device_store, "MOST_BYTES", 1000)
        assert placed(store, device) is store
        assert "crops are made on the CPU" in caplog.text
