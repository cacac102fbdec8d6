"""One step of the game, and the loop around it. Terms and weights are the recipe's; these are its rules."""

import copy
import math
import signal
from dataclasses import fields, replace

import pytest
import torch
from PIL import Image

from stylefuse.networks.generator import style_weights
from stylefuse.tasks.stylize import training as hybrid
from stylefuse.tasks.stylize.batch import next_batch
from stylefuse.tasks.stylize.options import LossWeights
from stylefuse.training.device import autocast
from stylefuse.training.observer import Observer
from stylefuse.training.session import TrainingDivergedError
from stylefuse.training.trainer import Trainer
from support import TINY, tiny_training

CPU = torch.device("cpu")
NO_WEIGHTS = {field.name: 0.0 for field in fields(LossWeights)}


def parameters_of(training):
    return {
        f"{name}.{key}": parameter.detach().clone()
        for name, network in training.state.modules.items()
        for key, parameter in network.named_parameters()
    }


def test_paintings_are_of_the_styles_named_and_photos_are_photos(tiny_data):
    training, _ = tiny_training(tiny_data)
    for _ in range(3):
        photos, paintings, style = next_batch(training.state, 5, CPU)
        assert photos.shape == paintings.shape == (5, 3, 32, 32)
        red_minus_blue = (paintings[:, 0] - paintings[:, 2]).mean(dim=(1, 2))
        assert torch.equal(red_minus_blue > 0, style == 2) and style.min() == 1
        assert (photos[:, 0] == photos[:, 2]).all()


def test_styles_come_equally_often_whatever_their_sizes(tiny_data):
    training, _ = tiny_training(tiny_data)
    styles = torch.cat([next_batch(training.state, 3, CPU).style for _ in range(8)])
    assert styles.bincount().tolist() == [0, 12, 12]


def test_batches_do_not_depend_on_the_number_of_threads(tiny_data):
    """Nor on workers, of which there are none: crops are drawn where the training runs."""
    before, drawn = torch.get_num_threads(), []
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            training, _ = tiny_training(tiny_data)
            drawn.append([next_batch(training.state, 5, CPU) for _ in range(3)])
    finally:
        torch.set_num_threads(before)
    for one, other in zip(*drawn, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


def test_a_step_trains_every_network_but_the_classifier(tiny_data):
    training, options = tiny_training(tiny_data)
    classifier = training.classifier
    before, frozen = parameters_of(training), copy.deepcopy(classifier.state_dict())
    losses = [training.step(options) for _ in range(2)]
    assert all(math.isfinite(loss) for step in losses for loss in step.values())
    assert training.state.images_seen == 8
    after = parameters_of(training)
    for name in training.state.modules:
        keys = [key for key in before if key.startswith(f"{name}.")]
        assert any(not torch.equal(before[key], after[key]) for key in keys), name
    assert all(torch.equal(frozen[key], value) for key, value in classifier.state_dict().items())
    assert all(parameter.grad is None for parameter in classifier.parameters())


def test_the_grain_lies_elsewhere_every_step(tiny_data, monkeypatch):
    training, options = tiny_training(tiny_data)
    corners, forward = [], training.generator.forward
    monkeypatch.setattr(
        training.generator, "forward", lambda x, s, corner: corners.append(corner) or forward(x, s, corner)
    )
    for _ in range(3):
        training.step(options)
    assert len(set(corners)) == 3


def test_the_average_follows_the_generator_slowly(tiny_data):
    training, options = tiny_training(tiny_data, images=4000, average_half_life=1000.0)
    training.state.images_seen = 2000
    start = training.generator.head.weight.detach().clone()
    training.step(options)
    moved = (training.generator.head.weight - start).abs().mean()
    averaged = (training.ema.head.weight - start).abs().mean()
    assert 0 < averaged < 0.2 * moved


def test_the_rate_follows_the_clock(tiny_data):
    training, options = tiny_training(tiny_data, constant_share=0.5)
    for seen, factor in ((0, 1.0), (24, 0.5)):
        training.state.images_seen = seen
        training.step(options)
        for optimiser in (training.generator_optimiser, training.critic_optimiser):
            for group in optimiser.param_groups:
                assert group["lr"] == pytest.approx(group["base"] * factor)


def test_the_critic_learns_to_score_paintings_above_photos_and_fakes(tiny_data):
    """Items 1 and 2 of formulation.md: D sees real paintings, and real is what it scores high."""
    training, options = tiny_training(tiny_data, images=4000, generator_rate=0.0, critic_rate=2e-3)
    photos, paintings, style = next_batch(training.state, 12, CPU)

    @torch.no_grad()
    def margins():
        fakes = training.generator(photos, style_weights(style, 3))
        real, fake, photo = (training.critic(x, style).mean() for x in (paintings, fakes, photos))
        return torch.stack([real - fake, real - photo])

    before = margins()
    for _ in range(25):
        training.step(options)
    assert (margins() > before + 0.1).all()


def test_the_generator_learns_to_be_scored_high(tiny_data):
    """Item 3 of formulation.md, the adversarial term alone, against a critic that stands still."""
    weights = LossWeights(**{**NO_WEIGHTS, "adversarial": 1.0})
    training, options = tiny_training(tiny_data, images=4000, critic_rate=0.0, weights=weights)
    photos, _, style = next_batch(training.state, 12, CPU)

    @torch.no_grad()
    def score():
        return training.critic(training.generator(photos, style_weights(style, 3)), style).mean()

    before = score()
    for _ in range(15):
        training.step(options)
    assert score() > before


def test_without_weights_the_generator_stands_still(tiny_data):
    training, options = tiny_training(tiny_data, weights=LossWeights(**NO_WEIGHTS))
    before = parameters_of(training)
    training.step(options)
    after = parameters_of(training)
    same = [torch.equal(before[key], after[key]) for key in before if key.startswith("generator.")]
    assert same and all(same)


def test_a_step_that_is_not_finite_changes_no_weight(tiny_data, monkeypatch):
    training, options = tiny_training(tiny_data)
    training.step(options)
    before, slots = parameters_of(training), copy.deepcopy(training.generator_optimiser.state_dict())

    def poisoned(*arguments):
        batch = next_batch(*arguments)
        return batch._replace(photos=batch.photos * math.nan)

    with monkeypatch.context() as patch:
        patch.setattr(hybrid, "next_batch", poisoned)
        losses = training.step(options)
    assert not all(math.isfinite(loss) for loss in losses.values())
    after = parameters_of(training)
    assert all(torch.equal(before[key], after[key]) for key in before)
    for index, slot in training.generator_optimiser.state_dict()["state"].items():
        assert all(torch.equal(value, slots["state"][index][name]) for name, value in slot.items())
    assert training.state.images_seen == 8
    recovered = training.step(options)
    assert all(math.isfinite(loss) for loss in recovered.values())


def test_a_step_in_lower_precision(tiny_data):
    training, options = tiny_training(tiny_data, precision="bf16")
    losses = [training.step(options) for _ in range(2)]
    assert all(math.isfinite(loss) for step in losses for loss in step.values())
    assert all(parameter.dtype == torch.float32 for parameter in parameters_of(training).values())


def test_precision():
    for precision, enabled in (("fp32", False), ("bf16", True)):
        with autocast(replace(TINY, precision=precision)):
            assert torch.is_autocast_enabled("cpu") == enabled


class Recorder(Observer):
    """Notes steps, samples and checkpoints; raises a signal when as many images were seen as `signal_at`."""

    def __init__(self, folder, signal_at=None, number=signal.SIGINT):
        self.steps, self.samples, self.folder = [], [], folder
        self.signal_at, self.number = signal_at, number

    def on_step(self, images_seen, losses):
        self.steps.append(images_seen)
        if images_seen == self.signal_at:
            signal.raise_signal(self.number)

    def on_sample(self, images_seen, picture):
        self.samples.append(images_seen)

    @property
    def checkpoints(self):
        return sorted(int(path.stem.removeprefix("images-")) for path in self.folder.rglob("*.safetensors"))

    def train(self, training, options):
        training._draw_sample = lambda generator: Image.new("RGB", (8, 8))
        (self.folder / "samples").mkdir()
        options = replace(options, keep_checkpoints=99)
        trainer = Trainer(
            "train", "hybrid", self.folder / "checkpoints", self.folder / "samples", observer=self
        )
        trainer.train(lambda: training, options, {"options": options.fingerprinted()})


@pytest.fixture
def stand_in_step(monkeypatch):
    """A step that only moves the clock; its losses are taken from the list that it returns, then are fine."""
    coming = []

    def step(training, options):
        training.state.images_seen += options.batch_size
        fine = {"critic": 0.5, "critic_win_rate": 0.5}
        return {**fine, "rotten": coming.pop(0) if coming else 0.5}

    monkeypatch.setattr(hybrid.HybridTraining, "step", step)
    return coming


def test_a_training_of_its_full_length(tiny_data, tmp_path):
    recorder = Recorder(tmp_path)
    recorder.train(*tiny_training(tiny_data, images=16, sample_every=12))
    assert recorder.steps == [4, 8, 12, 16]
    assert recorder.samples == [0, 12, 16] and recorder.checkpoints == [8, 16]


def test_intervals_need_not_be_multiples_of_the_batch(tiny_data, stand_in_step, tmp_path):
    recorder = Recorder(tmp_path)
    recorder.train(*tiny_training(tiny_data, images=30, sample_every=10, checkpoint_every=7))
    assert recorder.steps == [4, 8, 12, 16, 20, 24, 28, 32]
    assert recorder.samples == [0, 12, 20, 32]
    assert recorder.checkpoints == [8, 16, 24, 28, 32]


def test_a_finished_training_does_nothing(tiny_data, stand_in_step, tmp_path):
    first, recorder = Recorder(tmp_path), Recorder(tmp_path)
    first.train(*tiny_training(tiny_data))
    (tmp_path / "samples").rename(tmp_path / "samples of before")
    before = recorder.checkpoints
    recorder.train(*tiny_training(tiny_data))
    assert first.steps and not recorder.steps and not recorder.samples and recorder.checkpoints == before


@pytest.mark.parametrize(
    ("number", "error"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, SystemExit)]
)
def test_interrupted_it_saves_and_passes_the_signal_on(tiny_data, stand_in_step, tmp_path, number, error):
    recorder, before = Recorder(tmp_path, 12, number), signal.getsignal(number)
    with pytest.raises(error):
        recorder.train(*tiny_training(tiny_data, checkpoint_every=1000))
    assert recorder.steps == [4, 8, 12] and recorder.checkpoints == [12]
    assert signal.getsignal(number) is before


def test_losses_that_stay_not_finite_end_the_training(tiny_data, stand_in_step, tmp_path):
    stand_in_step += [0.1, *[math.nan, math.inf] * 5]
    recorder = Recorder(tmp_path)
    with pytest.raises(
        TrainingDivergedError, match=r"^rotten not finite for 4 steps at 20 images.*rate"
    ) as stopped:
        recorder.train(*tiny_training(tiny_data, checkpoint_every=1000))
    assert "8 images: critic 0.5, critic_win_rate 0.5, rotten nan" in stopped.value.report
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
def test_a_term_that_is_not_finite_is_named(tiny_data, tmp_path, monkeypatch, poisoned, named):
    loss = getattr(hybrid, poisoned)
    monkeypatch.setattr(hybrid, poisoned, lambda *arguments: loss(*arguments) * math.nan)
    training, options = tiny_training(tiny_data)
    before, recorder = parameters_of(training), Recorder(tmp_path)
    with pytest.raises(
        TrainingDivergedError, match=rf"^{named}(, generator_gradient)? not finite for 4 steps"
    ):
        recorder.train(training, options)
    after = parameters_of(training)
    assert all(torch.equal(before[key], after[key]) for key in before)


def test_a_gradient_that_is_not_finite_is_named_though_its_loss_is_finite(tiny_data, tmp_path, monkeypatch):
    def steep(fake, photo):  # the root's slope at zero is infinite
        return (fake * 0).sum().sqrt()

    monkeypatch.setattr(hybrid, "low_pass_luma_loss", steep)
    with pytest.raises(TrainingDivergedError, match=r"^generator_gradient not finite for 4 steps"):
        Recorder(tmp_path).train(*tiny_training(tiny_data))


def test_a_few_losses_that_are_not_finite_are_passed_over(tiny_data, stand_in_step, tmp_path):
    stand_in_step += [*[math.nan] * 3, 0.1, *[math.nan] * 3]
    training, options = tiny_training(tiny_data)
    recorder = Recorder(tmp_path)
    recorder.train(training, options)
    assert recorder.steps[-1] == options.images


def test_without_folders_nothing_is_kept(tiny_data, stand_in_step):
    """As benchmarks train."""
    training, options = tiny_training(tiny_data)
    trained = Trainer("train").train(lambda: training, options)
    assert training.state.images_seen == options.images
    assert [row["images_seen"] for row in trained.losses] == [8, 16, 24, 32]
