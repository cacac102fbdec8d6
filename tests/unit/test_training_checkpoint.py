import logging
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from stylefuse.networks.weights import Weights
from stylefuse.tasks.stylize.options import HybridOptions
from stylefuse.training.checkpoint import Checkpoints
from stylefuse.training.fingerprint import fingerprint
from stylefuse.training.options import ClassifierOptions
from support import TINY


@pytest.fixture
def checkpoints(tmp_path):
    return Checkpoints(tmp_path / "hybrid")


def weights(images):
    return Weights({"a": torch.full((64,), float(images))}, {"images_seen": images})


def names(tmp_path):
    return sorted(path.name for path in (tmp_path / "hybrid").iterdir())


def test_there_is_none_at_first(checkpoints):
    assert checkpoints.latest() is None


def test_the_two_newest_are_kept(checkpoints, tmp_path):
    for images in (8, 80, 800, 16):
        checkpoints.save(images, weights(images))
    assert names(tmp_path) == ["images-000000080.safetensors", "images-000000800.safetensors"]
    assert checkpoints.latest().facts["images_seen"] == 800


def test_a_damaged_newest_falls_back_to_the_one_before(checkpoints, tmp_path, caplog):
    for images in (8, 16):
        checkpoints.save(images, weights(images))
    newest = tmp_path / "hybrid" / "images-000000016.safetensors"
    newest.write_bytes(newest.read_bytes()[:-40])
    with caplog.at_level(logging.WARNING):
        latest = checkpoints.latest()
    assert latest.facts["images_seen"] == 8 and (latest.tensors["a"] == 8).all()
    assert newest.name in caplog.text
    checkpoints.save(16, weights(16))
    assert checkpoints.latest().facts["images_seen"] == 16


def test_nothing_but_damaged_ones_is_a_new_start(checkpoints, tmp_path, caplog):
    checkpoints.save(8, weights(8))
    (tmp_path / "hybrid" / "images-000000008.safetensors").write_bytes(b"")
    assert checkpoints.latest() is None
    assert "images-000000008" in caplog.text


def test_other_files_are_left_alone(checkpoints, tmp_path):
    checkpoints.save(8, weights(8))
    others = ["best.safetensors", "images-9.safetensors", ".images-000000099.safetensors.12.tmp"]
    for name in others:
        (tmp_path / "hybrid" / name).write_bytes(b"?")
    for images in (16, 24):
        checkpoints.save(images, weights(images))
    assert checkpoints.latest().facts["images_seen"] == 24
    assert set(others) <= set(names(tmp_path)) and len(names(tmp_path)) == 5


@pytest.mark.parametrize("keep", [1, 2])
def test_damaged_ones_take_no_place_of_good_ones(tmp_path, keep):
    """They are newer by name: were they counted, each good one would be deleted as soon as it is written."""
    checkpoints, folder = Checkpoints(tmp_path / "hybrid", keep), tmp_path / "hybrid"
    for images in (8, 16, 24):
        checkpoints.save(images, weights(images))
    for path in folder.iterdir():
        path.write_bytes(path.read_bytes()[:-1])
    assert checkpoints.latest() is None
    for images in (4, 8, 12):
        checkpoints.save(images, weights(images))
        assert Checkpoints(folder, keep).latest().facts["images_seen"] == images
    assert len(list(folder.glob("*.safetensors"))) == keep
    assert len(list(folder.glob("*.damaged"))) == keep


def test_a_tampered_newest_falls_back_to_the_one_before(checkpoints, tmp_path):
    """Its length and its header are as they were: safetensors alone would load it."""
    for images in (8, 16):
        checkpoints.save(images, weights(images))
    newest = tmp_path / "hybrid" / "images-000000016.safetensors"
    newest.write_bytes(newest.read_bytes()[:-1] + b"\x01")
    assert checkpoints.latest().facts["images_seen"] == 8


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="stands in for a full disk")
def test_a_full_disk_costs_no_checkpoint(checkpoints, tmp_path, monkeypatch):
    for images in (8, 16):
        checkpoints.save(images, weights(images))
    folder = tmp_path / "hybrid"
    (folder / ".0123.tmp").symlink_to("/dev/full")
    with (
        monkeypatch.context() as patch,
        pytest.raises(OSError, match=rf"images-000000024.* folder {folder} "),
    ):
        patch.setattr("stylefuse._atomic.secrets.token_hex", lambda size: "0123")
        checkpoints.save(24, weights(24))
    assert names(tmp_path) == ["images-000000008.safetensors", "images-000000016.safetensors"]
    assert checkpoints.latest().facts["images_seen"] == 16
    checkpoints.save(24, weights(24))
    assert checkpoints.latest().facts["images_seen"] == 24


def test_what_a_kill_left_half_written_is_swept_away(checkpoints, tmp_path):
    checkpoints.save(8, weights(8))
    (tmp_path / "hybrid" / ".0123456789abcdef.tmp").write_bytes(b"?")
    checkpoints.sweep()
    assert names(tmp_path) == ["images-000000008.safetensors"]


def test_a_failed_save_keeps_what_there_was(checkpoints, tmp_path):
    for images in (8, 16):
        checkpoints.save(images, weights(images))
    with pytest.raises(TypeError):
        checkpoints.save(24, Weights({}, {"images_seen": object()}))
    assert names(tmp_path) == ["images-000000008.safetensors", "images-000000016.safetensors"]


def test_fingerprint_names_options_and_data():
    facts = {"data_hash": "a" * 64}
    one = fingerprint(TINY, facts)
    assert len(one) == 16 and int(one, 16) >= 0
    assert one == fingerprint(replace(TINY), dict(facts))
    others = [
        fingerprint(replace(TINY, seed=8), facts),
        fingerprint(replace(TINY, weights=replace(TINY.weights, adversarial=0.9)), facts),
        fingerprint(replace(TINY, generator=replace(TINY.generator, blocks=2)), facts),
        fingerprint(TINY, {"data_hash": "b" * 64}),
        fingerprint(HybridOptions(), facts),
        fingerprint(ClassifierOptions(), facts),
    ]
    assert len({one, *others}) == 7


def test_fingerprint_ignores_the_order_of_facts():
    assert fingerprint({"a": 1, "b": (2, 3)}) == fingerprint({"b": [2, 3], "a": 1})
