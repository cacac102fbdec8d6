"""The benchmark of G's speed, on networks so small that it takes seconds."""

import json

import pytest
import torch
from torch import nn

from benchmarks.style import __main__ as style
from benchmarks.style import speed
from stylefuse.networks.generator import Generator
from stylefuse.tasks.stylize.options import HybridOptions
from support import TINY

OPTIONS = HybridOptions(precision="fp32", device="cpu")


class Small(nn.Module):
    def __init__(self):
        super().__init__()
        self.generator = Generator(2, TINY.generator)

    def forward(self, x):
        return self.generator(x, torch.eye(2)[[1] * len(x)])


def test_each_convolution_is_found_with_what_it_gets():
    network = Small()
    found = speed.convolutions(network, torch.zeros(2, 3, 32, 32), OPTIONS)
    convs = [m for m in network.modules() if isinstance(m, nn.Conv2d)]
    assert len(found) == len(convs)
    for conv, (alone, given) in zip(convs, found, strict=True):
        assert type(alone) is nn.Conv2d and alone.weight.shape == conv.weight.shape
        assert given.shape[:2] == (2, conv.in_channels) and given.abs().sum() > 0
        with torch.no_grad():  # the same number of places, so the same work
            assert alone(given).shape == conv(given).shape


def test_gradients_are_computed_where_asked_for_and_thrown_away():
    network, x = Small(), torch.rand(1, 3, 32, 32)
    reached = []
    network.generator.head.weight.register_hook(lambda gradient: reached.append(float(gradient.abs().sum())))
    speed.work([(network, x)], backward=False, options=OPTIONS)
    assert reached == []
    speed.work([(network, x)], backward=True, options=OPTIONS)
    assert reached[0] > 0 and x.grad is None
    assert all(p.grad is None for p in network.parameters())


def test_the_command_writes_times_beside_ours(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(speed, "networks", lambda: {speed.OURS: Small(), "other": Small()})
    monkeypatch.setattr(speed, "TASKS", (("inference", 32, False), ("forward and backward", 32, True)))
    options = ["--repeats", "2", "--batch-size", "2", "--precision", "fp32"]
    assert style.main(["speed", "--out", str(tmp_path), *options]) == 0
    seconds = json.loads((tmp_path / "speed_style.json").read_text())["seconds"]
    assert set(seconds) == {"inference, 32 px", "forward and backward, 32 px"}
    assert all(each.keys() == {speed.OURS, speed.CONVOLUTIONS, "other"} for each in seconds.values())
    assert (tmp_path / "speed_style.md").read_text() in capsys.readouterr().out


def test_ratios_are_of_our_time():
    text = speed.table({"inference": {speed.OURS: 0.5, "CUT": 2.0}}, {"inference": 4})
    assert "| inference | stylefuse | 8.00 | 1.00 |" in text
    assert "| inference | CUT | 2.00 | 4.00 |" in text


def test_a_strange_precision_is_refused(tmp_path):
    with pytest.raises(SystemExit):
        style.main(["speed", "--out", str(tmp_path), "--precision", "fp8"])
