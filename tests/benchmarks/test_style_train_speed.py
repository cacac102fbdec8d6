"""The benchmark of the training's speed."""

from dataclasses import replace

import pytest
import torch

from benchmarks.style import __main__ as style
from benchmarks.style import train_speed
from stylefuse.images.device_store import DeviceStore


def test_the_command_prints_images_a_second_and_the_parts_of_a_step(monkeypatch, capsys):
    options, short_side = train_speed.read_options("test")
    monkeypatch.setattr(
        train_speed, "read_options", lambda env: (replace(options, image_size=32), short_side)
    )
    assert style.main(["train-speed", "--env", "test", "--steps", "2", "--batch-size", "3"]) == 0
    printed = capsys.readouterr().out
    assert "cpu (" in printed and "32 px, batch 3, fp32" in printed
    assert "images/s | step, ms | crops, ms | generator step, ms | critic step, ms | rest, ms" in printed


def test_a_training_runs_on_crops_of_pictures_on_the_device(tmp_path):
    options, short_side = train_speed.read_options("test")
    options = replace(options, device="cpu", image_size=32, precision="bf16")
    store = DeviceStore(train_speed.drawn_store(tmp_path, short_side), torch.device("cpu"))
    seconds = train_speed.measure(store, options, 1)
    assert set(seconds) == {"crops", "generator step", "critic step", "step"}
    assert min(seconds.values()) > 0


def test_parts_and_rest_add_up():
    seconds = {"step": 0.5, "crops": 0.1, "generator step": 0.2, "critic step": 0.15}
    assert "| 16.0 | 500.0 | 100.0 | 200.0 | 150.0 | 50.0 |" in train_speed.table(seconds, 8)


def test_every_environment_has_options():
    assert train_speed.read_options("gpu")[0].image_size == 256
    with pytest.raises(SystemExit):
        style.main(["train-speed", "--device", "tpu"])
