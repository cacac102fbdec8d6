"""A trained rival is measured beside the restorer, on damage it can repair."""

from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks.common.photos import Photo
from benchmarks.restore import dncnn as part
from benchmarks.restore import truth
from stylefuse.tasks.restore.cases import Case

PICTURE = np.random.default_rng(0).integers(60, 200, (48, 48, 3), np.uint8)
OURS = {"psnr": 30.0, "noise": 1.0, "quality": 90.0, "filled": 0.0, "f1": float("nan")}


def test_the_rival_has_its_columns(monkeypatch):
    monkeypatch.setattr(truth, "_ours", lambda restorer, case, photo: OURS)

    def rival(case: Case) -> np.ndarray | None:
        return None if case.hole is not None else PICTURE

    photos = [Photo("a.png", PICTURE), Photo("b.png", PICTURE)]
    names = ("noise_15", "fill_blocks")
    found = {name: truth.measure_case(None, name, photos, "none", 1, rival) for name in names}
    assert found["noise_15"]["dncnn"] == {"psnr": [60.0, 60.0]}
    lines = truth.table(found, len(photos)).splitlines()
    assert lines[4].endswith("| DnCNN | lead |")
    assert lines[6].endswith("| 60.00 | -30.00 ± 0.00 |")
    assert lines[7].endswith("|  |  |")
    without = {"noise_15": truth.measure_case(None, "noise_15", photos, "none", 1)}
    assert "DnCNN |" not in truth.table(without, len(photos))


def test_dncnn_takes_the_damage_that_it_sees_off_the_picture(monkeypatch):
    """The networks here see a tenth of every value as damage."""

    def tenth(file: Path) -> part.Layers:
        channels = 1 if file.name == "DnCNN3.mat" else 3
        weight = torch.zeros(channels, channels, 3, 3)
        weight[range(channels), range(channels), 1, 1] = 0.1
        return [(weight, torch.zeros(channels))]

    monkeypatch.setattr(part, "read_layers", tenth)
    restore = part.dncnn(Path("models"))
    np.testing.assert_allclose(restore(Case(PICTURE, noise=15)), PICTURE * 0.9, atol=0.51)
    change = restore(Case(PICTURE, quality=20)).astype(float) - PICTURE
    assert np.ptp(change, axis=2).max() <= 1
    assert change.mean() == pytest.approx(-0.1 * PICTURE.mean(), rel=0.05)
    assert restore(Case(PICTURE, hole=PICTURE[:, :, 0] > 100)) is None


def test_weights_of_matlab_are_turned():
    saved = (
        np.random.default_rng(0).normal(size=(3, 3, 2, 4)).astype(np.float32)
    )  # height, width, inputs, outputs
    weight, bias = part._layer(saved.transpose(), np.zeros((1, 4), np.float32))
    np.testing.assert_array_equal(weight.numpy(), saved.transpose(3, 2, 0, 1))
    assert bias.shape == (4,)
