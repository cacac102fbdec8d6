"""FID and KID by torchmetrics: agreement with our own distances, and Inception from a file."""

import pytest
import torch

from stylefuse._torchvision import load_torchvision
from stylefuse.metrics.distribution import frechet_distance, kernel_distance
from stylefuse.metrics.inception import inception_features, set_distances


def features(n, seed, shift=0.0):
    return torch.randn(n, 12, generator=torch.Generator().manual_seed(seed)) + shift


@pytest.fixture
def stand_in_weights(tmp_path, monkeypatch):
    """A file of the right names and shapes, with random numbers: the real one cannot be shipped."""
    load_torchvision()
    from torch_fidelity import feature_extractor_inceptionv3 as module

    monkeypatch.setattr(module, "load_state_dict_from_url", lambda *args, **kwargs: {})
    monkeypatch.setattr(module.FeatureExtractorInceptionV3, "load_state_dict", lambda self, state: None)
    torch.manual_seed(0)
    network = module.FeatureExtractorInceptionV3("inception-v3-compat", ["2048"])
    monkeypatch.undo()
    path = tmp_path / "inception.pth"
    torch.save(network.state_dict(), path)
    yield path
    path.unlink()  # 95 MB: more than pytest should keep


@pytest.mark.parametrize("n", [30, 8])
def test_torchmetrics_agrees_with_our_own_distances(n):
    fake, real = features(n, 0, 0.5), features(n, 1)
    got = set_distances(fake, real, seed=0)
    assert got["frechet"] == pytest.approx(frechet_distance(fake, real), rel=1e-4)
    assert got["kernel"] == pytest.approx(kernel_distance(fake, real), rel=1e-6)


def test_kernel_subsets_are_no_larger_than_the_sets_and_depend_on_the_seed_alone():
    fake, real = features(7, 0), features(40, 1)
    torch.manual_seed(1)
    first = set_distances(fake, real, seed=5)
    state = torch.random.get_rng_state()
    assert set_distances(fake, real, seed=5) == first
    assert torch.equal(torch.random.get_rng_state(), state)  # and the caller's draws are left alone
    assert first["kernel_std"] > 0
    with pytest.raises(ValueError, match="at least two"):
        set_distances(features(1, 0), real, seed=5)


def test_inception_from_a_file(stand_in_weights):
    network = inception_features(stand_in_weights)
    pictures = torch.rand(6, 3, 40, 40, generator=torch.Generator().manual_seed(0)) * 2 - 1
    with torch.inference_mode():
        found = network(pictures)
    assert found.shape == (6, 2048)
    assert found.isfinite().all()
    assert frechet_distance(found[:3], found[:3]) == pytest.approx(0, abs=1e-6)
    assert frechet_distance(found[:3], found[3:]) > 0


def test_a_missing_file_is_named_with_the_remedy(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"evaluate\.inception_weights.*absent\.pth.*null"):
        inception_features(tmp_path / "absent.pth")


@pytest.mark.parametrize("content", ["noise", "empty", "cut", "other", "code"])
def test_a_damaged_file_is_named_with_the_remedy(tmp_path, content):
    path = tmp_path / "bad.pth"
    if content == "noise":
        path.write_bytes(b"not weights at all" * 50)
    elif content == "empty":
        path.touch()
    elif content == "other":
        torch.save({"weight": torch.zeros(3)}, path)
    elif content == "code":
        torch.save({"weight": _Runs()}, path)
    else:
        torch.save({"weight": torch.zeros(3000)}, path)
        path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(ValueError, match=r"evaluate\.inception_weights.*bad\.pth.*null"):
        inception_features(path)
    assert not _Runs.ran


class _Runs:
    ran = False

    def __reduce__(self):
        return _run, ()


def _run():
    _Runs.ran = True
