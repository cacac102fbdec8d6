import pytest
import torch

from stylefuse.networks import weights as module
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


def test_safetensors_of_others_are_refused(tmp_path):
    from safetensors.torch import save_file

    save_file({"a": torch.zeros(2)}, tmp_path / "other.safetensors")
    with pytest.raises(ValueError, match=r"other\.safetensors"):
        read_weights(tmp_path / "other.safetensors")
