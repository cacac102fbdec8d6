"""The reviser's training: what changes, what is kept, and that it resumes to the last bit."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from stylefuse.images.store import ImageStore, write_store
from stylefuse.networks.config import CriticConfig, GeneratorConfig
from stylefuse.networks.generator import Generator
from stylefuse.tasks.stylize.reviser_config import ReviserConfig
from stylefuse.tasks.stylize.reviser_options import ReviserOptions
from stylefuse.tasks.stylize.reviser_training import ReviserTraining, fine_luma

OPTIONS = ReviserOptions(
    images=16,
    batch_size=4,
    image_size=32,
    reviser=ReviserConfig(draft_side=32, width=4, blocks=1),
    critic=CriticConfig((4, 8)),
    precision="fp32",
    device="cpu",
    penalty_every=2,
)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("store")
    random = np.random.default_rng(0)
    write_store(folder, [random.integers(0, 256, (64, 70 + i, 3), np.uint8) for i in range(9)])
    return ImageStore(folder)


@pytest.fixture
def training(store):
    torch.manual_seed(0)
    generator = Generator(3, GeneratorConfig((4, 8, 8), blocks=1)).eval().requires_grad_(False)
    rows = [np.arange(0, 3), np.arange(3, 6), np.arange(6, 9)]
    return lambda: ReviserTraining(store, rows, generator, OPTIONS)


def tensors(training):
    return {name: t.clone() for name, t in training.state.pack().tensors.items()}


def test_a_step_trains_reviser_and_critic_and_leaves_the_generator_alone(training):
    begun = training()
    before, generator = tensors(begun), [p.clone() for p in begun.generator.parameters()]
    losses = begun.step(OPTIONS)
    assert all(np.isfinite(loss) for loss in losses.values())
    assert {"adversarial", "draft", "critic", "gradient_penalty"} <= losses.keys()
    after = tensors(begun)
    for name in ("reviser/head.weight", "ema/head.weight", "critic/head.weight"):
        assert not torch.equal(before[name], after[name])
    assert all(torch.equal(a, b) for a, b in zip(generator, begun.generator.parameters(), strict=True))


def test_a_resumed_training_goes_on_to_the_last_bit(training):
    whole = training()
    losses = [whole.step(OPTIONS) for _ in range(4)]
    first, second = training(), training()
    assert [first.step(OPTIONS) for _ in range(2)] == losses[:2]
    second.state.restore(first.state.pack())
    assert [second.step(OPTIONS) for _ in range(2)] == losses[2:]
    assert all(torch.equal(t, tensors(second)[name]) for name, t in tensors(whole).items())


def test_the_draft_term_alone_keeps_the_draft(training):
    options = replace(OPTIONS, weights=replace(OPTIONS.weights, adversarial=0.0))
    begun = training()
    terms = [begun.step(options)["draft"] for _ in range(40)]
    assert np.mean(terms[-5:]) < np.mean(terms[:5])


def test_fine_luma_sees_neither_colour_nor_contrast_nor_light():
    x = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0)) - 0.5
    changed = 0.6 * x + 0.2
    changed[:, 0] += 0.1
    assert torch.allclose(fine_luma(changed), fine_luma(x), atol=0.15)
    assert not torch.allclose(fine_luma(x.flip(3)), fine_luma(x), atol=0.5)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"close_up": 0.0}, "close_up is 0.0: it is a share"),
        ({"least_enlargement": 0.5}, "enlargements must be 1 to 4"),
        ({"batch_size": 1}, "batch_size at least 2"),
    ],
)
def test_options_out_of_range_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        replace(OPTIONS, **change)
