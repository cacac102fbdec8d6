"""The training of the upscaler: scales in turn, resumed bit for bit in both parts, and something is learned."""

from dataclasses import replace
from functools import partial

import pytest
import torch

from stylefuse.images.manifest import rows_of
from stylefuse.images.store import ImageStore
from stylefuse.networks.config import CriticConfig
from stylefuse.tasks.upscale.config import UpscalerConfig
from stylefuse.tasks.upscale.losses import spectrum_loss
from stylefuse.tasks.upscale.network import Upscaler
from stylefuse.tasks.upscale.options import UpscaleOptions
from stylefuse.tasks.upscale.training import UpscaleTraining
from support import assert_equal_weights

TINY = UpscaleOptions(
    images=48,
    batch_size=4,
    image_size=64,
    window=16,
    detail_share=0.5,
    upscaler=UpscalerConfig(width=8, convs=2),
    critic=CriticConfig((8, 8)),
    precision="fp32",
    device="cpu",
)


def training_of(tiny_data, **changes):
    folder, manifest = tiny_data
    options = replace(TINY, **changes)
    new = partial(Upscaler, options.upscaler)
    return UpscaleTraining(new, ImageStore(folder), rows_of(manifest, "photo", "train"), options), options


@pytest.mark.parametrize("stop", [2, 7, 9])  # before the detailed networks, and while they are trained
def test_resumed_it_goes_on_bit_for_bit(tiny_data, stop):
    whole, options = training_of(tiny_data)
    losses = [whole.step(options) for _ in range(12)]
    stopped, _ = training_of(tiny_data)
    before = [stopped.step(options) for _ in range(stop)]
    packed = stopped.state.pack()
    torch.manual_seed(999)  # nothing may come from the global generator
    resumed, _ = training_of(tiny_data)
    resumed.step(options)
    resumed.state.restore(packed)
    assert before + [resumed.step(options) for _ in range(12 - stop)] == losses
    assert_equal_weights(resumed.state.pack(), whole.state.pack())


def test_each_part_trains_its_networks_alone(tiny_data):
    training, options = training_of(tiny_data)
    scales = []
    for _ in range(6):
        scales.append(training.scale)
        assert "critic" not in training.step(options)
    assert scales == [2, 2, 4] * 2
    faithful = {name: each.clone() for name, each in training.network.faithful.state_dict().items()}
    assert not training.network.detailed["2"].last.weight.any()
    losses = [training.step(options) for _ in range(6)]
    assert all({"adversarial", "critic", "critic_win_rate"} <= each.keys() for each in losses)
    assert [("gradient_penalty" in each) for each in losses] == [True, True, True, False, False, False]
    for name, each in training.network.faithful.state_dict().items():
        assert torch.equal(each, faithful[name])
        assert not torch.equal(each, training.network.detailed.state_dict()[name])


def test_a_few_steps_bring_the_truth_nearer(tiny_data):
    training, options = training_of(tiny_data, images=240, detail_share=0.0, spoilt_share=0.0, rate=3e-3)
    losses = [training.step(options)["distance"] for _ in range(60)]
    assert sum(losses[-10:]) < 0.95 * sum(losses[:10])


def test_the_spectrum_counts_equal_pictures_as_equal():
    x = torch.rand(2, 3, 16, 16)
    assert spectrum_loss(x, x) == 0 and spectrum_loss(x, x + 0.1) > 0
