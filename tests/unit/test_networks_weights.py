import errno
import os
from pathlib import Path

import pytest
import torch

from stylefuse import _atomic as module
from stylefuse.networks.weights import Weights, read_weights, write_weights
from support import assert_equal_weights


@pytest.fixture
def weights():
    tensors = {
        "a.weight": torch.randn(2, 3, 4, 4).to(memory_format=torch.channels_last),
        "n": torch.tensor(3),
    }
    return Weights(tensors, {"kind": "test", "styles": ["photo", "Ünï"], "big": 2**100})


def test_comes_back_as_written(weights, tmp_path):
    path = tmp_path / "new" / "weights.safetensors"
    write_weights(path, weights)
    assert_equal_weights(read_weights(path), weights)


def test_a_failed_write_leaves_what_was_there(weights, tmp_path):
    path = tmp_path / "weights.safetensors"
    write_weights(path, weights)
    with pytest.raises(TypeError):
        write_weights(path, Weights(weights.tensors, {"kind": object()}))
    assert_equal_weights(read_weights(path), weights)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_a_write_that_was_cut_off_is_not_seen(weights, tmp_path, monkeypatch):
    def killed(descriptor):
        raise KeyboardInterrupt

    path = tmp_path / "weights.safetensors"
    monkeypatch.setattr(module.os, "fsync", killed)
    with pytest.raises(KeyboardInterrupt):
        write_weights(path, weights)
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="stands in for a full disk")
def test_a_full_disk_is_named_and_what_was_there_stays(weights, tmp_path, monkeypatch):
    path = tmp_path / "weights.safetensors"
    write_weights(path, weights)
    # Whatever is written there meets "No space left on device", as on a full disk.
    monkeypatch.setattr("stylefuse._atomic.secrets.token_hex", lambda size: "0123")
    (tmp_path / ".0123.tmp").symlink_to("/dev/full")
    with pytest.raises(OSError, match=rf"folder {tmp_path} .*[Nn]o space.*make room") as refused:
        write_weights(path, weights._replace(facts={"kind": "other"}))
    assert refused.value.errno == errno.ENOSPC
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
    assert_equal_weights(read_weights(path), weights)


@pytest.mark.parametrize("code", [errno.EACCES, errno.EROFS])
def test_a_folder_that_may_not_be_written_to_is_named(weights, tmp_path, monkeypatch, code):
    def refused(*arguments, **settings):
        raise OSError(code, os.strerror(code))

    path = tmp_path / "weights.safetensors"
    write_weights(path, weights)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", refused)
        with pytest.raises(OSError, match=rf"folder {tmp_path} .*permissions; earlier files"):
            write_weights(path, weights)
    assert_equal_weights(read_weights(path), weights)


def test_it_is_on_disk_before_it_has_its_name_and_the_name_is_after(weights, tmp_path, monkeypatch):
    """A power cut between the two must leave the old file or the new one, whole."""
    path, done = tmp_path / "weights.safetensors", []
    fsync, replace = os.fsync, Path.replace

    def flushed(descriptor):
        done.append(os.fstat(descriptor).st_ino)
        fsync(descriptor)

    def renamed(source, target):
        done.append("renamed")
        return replace(source, target)

    monkeypatch.setattr(module.os, "fsync", flushed)
    monkeypatch.setattr(Path, "replace", renamed)
    write_weights(path, weights)
    assert done == [path.stat().st_ino, "renamed", tmp_path.stat().st_ino]


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none\.safetensors"):
        read_weights(tmp_path / "none.safetensors")


@pytest.mark.parametrize("length", [0, 5, 200, -1])
def test_a_damaged_file_is_named(weights, tmp_path, length):
    path = tmp_path / "cut.safetensors"
    write_weights(path, weights)
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(ValueError, match=r"cut\.safetensors is damaged"):
        read_weights(path)


@pytest.mark.parametrize("place", [0.02, 0.1, 0.3, 0.6, 0.9, 0.999])
def test_a_flipped_bit_is_noticed_wherever_it_is(weights, tmp_path, place):
    path = tmp_path / "flipped.safetensors"
    write_weights(path, weights)
    content = bytearray(path.read_bytes())
    content[int(place * len(content))] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"flipped\.safetensors is damaged"):
        read_weights(path)


def test_files_of_before_there_were_checksums_are_read(weights, tmp_path):
    import json

    from safetensors.torch import save_file

    path = tmp_path / "old.safetensors"
    tensors = {name: tensor.contiguous() for name, tensor in weights.tensors.items()}
    save_file(tensors, path, metadata={"facts": json.dumps(weights.facts)})
    assert_equal_weights(read_weights(path), weights)


def test_nothing_is_unpickled(weights, tmp_path, monkeypatch):
    import pickle

    def refused(*arguments, **settings):
        raise AssertionError("a pickle runs code of whoever wrote it")

    for name in ("load", "loads", "Unpickler"):
        monkeypatch.setattr(pickle, name, refused)
    monkeypatch.setattr(torch, "load", refused)
    write_weights(tmp_path / "w.safetensors", weights)
    assert_equal_weights(read_weights(tmp_path / "w.safetensors"), weights)
    torch_file = tmp_path / "pickled.safetensors"
    torch_file.write_bytes(b"\x80\x04cposix\nsystem\n.")
    with pytest.raises(ValueError, match="damaged or not of this project"):
        read_weights(torch_file)


def test_safetensors_of_others_are_refused(tmp_path):
    from safetensors.torch import save_file

    save_file({"a": torch.zeros(2)}, tmp_path / "other.safetensors")
    with pytest.raises(ValueError, match=r"other\.safetensors"):
        read_weights(tmp_path / "other.safetensors")


@pytest.mark.parametrize(("kind", "wanted"), [("upscaler", "an upscaler"), ("judge", "a judge")])
def test_weights_of_another_kind_of_network_are_refused_by_name(kind, wanted):
    with pytest.raises(ValueError, match=f"these are weights of a fuser, not of {wanted}$"):
        Weights({}, {"kind": "fuser"}).require(kind)
    Weights({}, {"kind": kind}).require(kind)
