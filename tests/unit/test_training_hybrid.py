"""One step of the game, and the loop around it. Terms and weights are the recipe's; these are its rules."""

import copy
import math
import signal
from dataclasses import fields, replace

import pytest
import torch

from stylefuse.networks.classifier import load_classifier
from stylefuse.networks.generator import style_weights
from stylefuse.tasks.stylize import training as hybrid
from stylefuse.tasks.stylize.batch import next_batch
from stylefuse.tasks.stylize.training import fit_hybrid, train_step
from stylefuse.training.loop import TrainingDivergedError, autocast
from stylefuse.training.options import LossWeights
from support import TINY, tiny_state

CPU = torch.device("cpu")
NO_WEIGHTS = {field.name: 0.0 for field in fields(LossWeights)}


@pytest.fixture(scope="module")
def classifier(tiny_classifier):
    return load_classifier(tiny_classifier)


def networks_of(state):
    return {name: value for name, value in vars(state).items() if isinstance(value, torch.nn.Module)}


def parameters_of(state):
    return {
        f"{name}.{key}": parameter.detach().clone()
        for name, network in networks_of(state).items()
        for key, parameter in network.named_parameters()
    }


def test_paintings_are_of_the_styles_named_and_photos_are_photos(tiny_data):
    state, _ = tiny_state(tiny_data)
    for _ in range(3):
        photos, paintings, style = next_batch(state, 5, CPU)
        assert photos.shape == paintings.shape == (5, 3, 32, 32)
        red_minus_blue = (paintings[:, 0] - paintings[:, 2]).mean(dim=(1, 2))
        assert torch.equal(red_minus_blue > 0, style == 2) and style.min() == 1
        assert (photos[:, 0] == photos[:, 2]).all()


def test_styles_come_equally_often_whatever_their_sizes(tiny_data):
    state, _ = tiny_state(tiny_data)
    styles = torch.cat([next_batch(state, 3, CPU).style for _ in range(8)])
    assert styles.bincount().tolist() == [0, 12, 12]


def test_batches_do_not_depend_on_the_number_of_threads(tiny_data):
    """Nor on workers, of which there are none: crops are drawn where the training runs."""
    before, drawn = torch.get_num_threads(), []
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            state, _ = tiny_state(tiny_data)
            drawn.append([next_batch(state, 5, CPU) for _ in range(3)])
    finally:
        torch.set_num_threads(before)
    for one, other in zip(*drawn, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


def test_a_step_trains_every_network_but_the_classifier(tiny_data, classifier):
    state, options = tiny_state(tiny_data)
    before, frozen = parameters_of(state), copy.deepcopy(classifier.state_dict())
    losses = [train_step(state, classifier, options) for _ in range(2)]
    assert all(math.isfinite(loss) for step in losses for loss in step.values())
    assert state.images_seen == 8
    after = parameters_of(state)
    for name in networks_of(state):
        keys = [key for key in before if key.startswith(f"{name}.")]
        assert any(not torch.equal(before[key], after[key]) for key in keys), name
    assert all(torch.equal(frozen[key], value) for key, value in classifier.state_dict().items())
    assert all(parameter.grad is None for parameter in classifier.parameters())


def test_the_grain_lies_elsewhere_every_step(tiny_data, classifier, monkeypatch):
    state, options = tiny_state(tiny_data)
    corners, forward = [], state.generator.forward
    monkeypatch.setattr(
        state.generator, "forward", lambda x, s, corner: corners.append(corner) or forward(x, s, corner)
    )
    for _ in range(3):
        train_step(state, classifier, options)
    assert len(set(corners)) == 3


def test_the_average_follows_the_generator_slowly(tiny_data, classifier):
    state, options = tiny_state(tiny_data, images=4000, average_half_life=1000.0)
    state.images_seen = 2000
    start = state.generator.head.weight.detach().clone()
    train_step(state, classifier, options)
    moved = (state.generator.head.weight - start).abs().mean()
    averaged = (state.average.head.weight - start).abs().mean()
    assert 0 < averaged < 0.2 * moved


def test_the_rate_follows_the_clock(tiny_data, classifier):
    state, options = tiny_state(tiny_data, constant_share=0.5)
    for seen, factor in ((0, 1.0), (24, 0.5)):
        state.images_seen = seen
        train_step(state, classifier, options)
        for optimiser in (state.generator_optimiser, state.critic_optimiser):
            for group in optimiser.param_groups:
                assert group["lr"] == pytest.approx(group["base"] * factor)


def test_the_critic_learns_to_score_paintings_above_photos_and_fakes(tiny_data, classifier):
    """Items 1 and 2 of formulation.md: D sees real paintings, and real is what it scores high."""
    state, options = tiny_state(tiny_data, images=4000, generator_rate=0.0, critic_rate=2e-3)
    photos, paintings, style = next_batch(state, 12, CPU)

    @torch.no_grad()
    def margins():
        fakes = state.generator(photos, style_weights(style, 3))
        real, fake, photo = (state.critic(x, style).mean() for x in (paintings, fakes, photos))
        return torch.stack([real - fake, real - photo])

    before = margins()
    for _ in range(25):
        train_step(state, classifier, options)
    assert (margins() > before + 0.1).all()


def test_the_generator_learns_to_be_scored_high(tiny_data, classifier):
    """Item 3 of formulation.md, the adversarial term alone, against a critic that stands still."""
    weights = LossWeights(**{**NO_WEIGHTS, "adversarial": 1.0})
    state, options = tiny_state(tiny_data, images=4000, critic_rate=0.0, weights=weights)
    photos, _, style = next_batch(state, 12, CPU)

    @torch.no_grad()
    def score():
        return state.critic(state.generator(photos, style_weights(style, 3)), style).mean()

    before = score()
    for _ in range(15):
        train_step(state, classifier, options)
    assert score() > before


def test_without_weights_the_generator_stands_still(tiny_data, classifier):
    state, options = tiny_state(tiny_data, weights=LossWeights(**NO_WEIGHTS))
    before = parameters_of(state)
    train_step(state, classifier, options)
    after = parameters_of(state)
    same = [torch.equal(before[key], after[key]) for key in before if key.startswith("generator.")]
    assert same and all(same)


def test_a_step_that_is_not_finite_changes_no_weight(tiny_data, classifier, monkeypatch):
    state, options = tiny_state(tiny_data)
    train_step(state, classifier, options)
    before, slots = parameters_of(state), copy.deepcopy(state.generator_optimiser.state_dict())

    def poisoned(*arguments):
        batch = next_batch(*arguments)
        return batch._replace(photos=batch.photos * math.nan)

    with monkeypatch.context() as patch:
        patch.setattr(hybrid, "next_batch", poisoned)
        losses = train_step(state, classifier, options)
    assert not all(math.isfinite(loss) for loss in losses.values())
    after = parameters_of(state)
    assert all(torch.equal(before[key], after[key]) for key in before)
    for index, slot in state.generator_optimiser.state_dict()["state"].items():
        assert all(torch.equal(value, slots["state"][index][name]) for name, value in slot.items())
    assert state.images_seen == 8
    recovered = train_step(state, classifier, options)
    assert all(math.isfinite(loss) for loss in recovered.values())


def test_a_step_in_lower_precision(tiny_data, classifier):
    state, options = tiny_state(tiny_data, precision="bf16")
    losses = [train_step(state, classifier, options) for _ in range(2)]
    assert all(math.isfinite(loss) for step in losses for loss in step.values())
    assert all(parameter.dtype == torch.float32 for parameter in parameters_of(state).values())


def test_precision():
    for precision, enabled in (("fp32", False), ("bf16", True)):
        with autocast(replace(TINY, precision=precision)):
            assert torch.is_autocast_enabled("cpu") == enabled


class Recorder:
    """The callbacks of `fit_hybrid`; raises a signal, once, when as many images were seen as it is told."""

    def __init__(self, signal_at=None, number=signal.SIGINT):
        self.steps, self.samples, self.checkpoints = [], [], []
        self.signal_at, self.number = signal_at, number

    def on_step(self, seen, losses):
        self.steps.append(seen)
        if seen == self.signal_at:
            signal.raise_signal(self.number)

    def fit(self, state, options, classifier=None):
        fit_hybrid(state, classifier, options, self.on_step, self.samples.append, self.checkpoints.append)


@pytest.fixture
def stand_in_step(monkeypatch):
    """A step that only moves the clock; its losses are taken from the list that it returns, then are fine."""
    coming = []

    def step(state, classifier, options):
        state.images_seen += options.batch_size
        return {"fine": 0.5, "rotten": coming.pop(0) if coming else 0.5}

    monkeypatch.setattr(hybrid, "train_step", step)
    return coming


def test_a_training_of_its_full_length(tiny_data, classifier):
    state, options = tiny_state(tiny_data, images=16, sample_every=12)
    recorder = Recorder()
    recorder.fit(state, options, classifier)
    assert recorder.steps == [4, 8, 12, 16]
    assert recorder.samples == [12, 16] and recorder.checkpoints == [8, 16]


def test_intervals_need_not_be_multiples_of_the_batch(tiny_data, stand_in_step):
    state, options = tiny_state(tiny_data, images=30, sample_every=10, checkpoint_every=7)
    recorder = Recorder()
    recorder.fit(state, options)
    assert recorder.steps == [4, 8, 12, 16, 20, 24, 28, 32]
    assert recorder.samples == [12, 20, 32]
    assert recorder.checkpoints == [8, 16, 24, 28, 32]


def test_a_finished_training_does_nothing(tiny_data, stand_in_step):
    state, options = tiny_state(tiny_data)
    state.images_seen = options.images
    recorder = Recorder()
    recorder.fit(state, options)
    assert not recorder.steps and not recorder.samples and not recorder.checkpoints


@pytest.mark.parametrize(
    ("number", "error"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, SystemExit)]
)
def test_interrupted_it_saves_and_passes_the_signal_on(tiny_data, stand_in_step, number, error):
    state, options = tiny_state(tiny_data, checkpoint_every=1000)
    recorder, before = Recorder(12, number), signal.getsignal(number)
    with pytest.raises(error):
        recorder.fit(state, options)
    assert recorder.steps == [4, 8, 12] and recorder.checkpoints == [12]
    assert signal.getsignal(number) is before


def test_losses_that_stay_not_finite_end_the_training(tiny_data, stand_in_step):
    stand_in_step += [0.1, *[math.nan, math.inf] * 5]
    state, options = tiny_state(tiny_data, checkpoint_every=1000)
    recorder = Recorder()
    with pytest.raises(
        TrainingDivergedError, match=r"^rotten not finite for 4 steps at 20 images.*rate"
    ) as stopped:
        recorder.fit(state, options)
    assert "8 images: fine 0.5, rotten nan" in stopped.value.report
    assert stopped.value.report.count("rotten inf") == 2
    assert recorder.checkpoints == [20]


@pytest.mark.parametrize(
    ("poisoned", "named"),
    [
        ("low_pass_luma_loss", "low_pass"),
        ("feature_content_loss", "content_features"),
        ("style_loss", "style"),
    ],
)
def test_a_term_that_is_not_finite_is_named(tiny_data, classifier, monkeypatch, poisoned, named):
    loss = getattr(hybrid, poisoned)
    monkeypatch.setattr(hybrid, poisoned, lambda *arguments: loss(*arguments) * math.nan)
    state, options = tiny_state(tiny_data)
    before, recorder = parameters_of(state), Recorder()
    with pytest.raises(
        TrainingDivergedError, match=rf"^{named}(, generator_gradient)? not finite for 4 steps"
    ):
        recorder.fit(state, options, classifier)
    after = parameters_of(state)
    assert all(torch.equal(before[key], after[key]) for key in before)


def test_a_gradient_that_is_not_finite_is_named_though_its_loss_is_finite(tiny_data, classifier, monkeypatch):
    def steep(fake, photo):  # the root's slope at zero is infinite
        return (fake * 0).sum().sqrt()

    monkeypatch.setattr(hybrid, "low_pass_luma_loss", steep)
    state, options = tiny_state(tiny_data)
    with pytest.raises(TrainingDivergedError, match=r"^generator_gradient not finite for 4 steps"):
        Recorder().fit(state, options, classifier)


def test_a_few_losses_that_are_not_finite_are_passed_over(tiny_data, stand_in_step):
    stand_in_step += [*[math.nan] * 3, 0.1, *[math.nan] * 3]
    state, options = tiny_state(tiny_data)
    recorder = Recorder()
    recorder.fit(state, options)
    assert recorder.steps[-1] == options.images
