"""The training of the fuser: it learns, it resumes bit for bit, a bad step changes nothing."""

from dataclasses import replace

import pytest
import torch
from PIL import Image

from stylefuse.images.manifest import rows_of
from stylefuse.images.store import ImageStore
from stylefuse.tasks.fuse import training as fusion
from stylefuse.tasks.fuse.config import FuserConfig
from stylefuse.tasks.fuse.modes import MODES
from stylefuse.tasks.fuse.options import FusionOptions, FusionWeights
from stylefuse.tasks.fuse.pairs import KINDS
from stylefuse.tasks.fuse.training import MODE_OF, FusionTraining
from stylefuse.training.observer import Observer
from stylefuse.training.trainer import Trainer
from support import assert_equal_weights, lively_generator

TINY = FusionOptions(
    images=48,
    batch_size=6,
    image_size=32,
    large_size=64,
    large_share=0.0,
    most_inputs=3,
    fuser=FuserConfig((4, 4, 8, 8, 8), (4, 4, 8)),
    precision="fp32",
    device="cpu",
)


def training_of(tiny_data, **changes):
    folder, manifest = tiny_data
    options = replace(TINY, **changes)
    rows = rows_of(manifest, "photo", "train")
    return FusionTraining(ImageStore(folder), rows, lively_generator().encoder, options), options


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_resumed_it_goes_on_bit_for_bit(tiny_data, precision):
    whole, options = training_of(tiny_data, precision=precision)
    losses = [whole.step(options) for _ in range(5)]
    stopped, _ = training_of(tiny_data, precision=precision)
    before = [stopped.step(options) for _ in range(2)]
    packed = stopped.state.pack()
    torch.manual_seed(999)  # nothing may come from the global generator
    resumed, _ = training_of(tiny_data, precision=precision)
    resumed.step(options)  # other weights, and another place in every random stream
    resumed.state.restore(packed)
    assert resumed.state.images_seen == 12
    assert before + [resumed.step(options) for _ in range(3)] == losses
    assert_equal_weights(resumed.state.pack(), whole.state.pack())


def test_a_state_of_other_options_is_refused_by_name(tiny_data):
    one, _ = training_of(tiny_data)
    other, _ = training_of(tiny_data, rate=1e-4)
    with pytest.raises(ValueError, match=r"options\.rate: 0\.0015 -> 0\.0001$"):
        other.state.restore(one.state.pack())


def test_every_kind_comes_equally_often_and_names_its_mode(tiny_data):
    training, options = training_of(tiny_data)
    batch = training.next_batch(options)[0]
    assert batch.inputs.shape[0] == batch.truth.shape[0] == 6
    assert batch.mode.tolist() == [MODE_OF[kind] for kind in KINDS]
    assert batch.known.tolist() == [kind != "sensors" for kind in KINDS]
    assert set(MODE_OF.values()) == set(range(len(MODES)))


def test_a_smaller_batch_takes_the_kinds_in_turn(tiny_data):
    training, options = training_of(tiny_data, batch_size=2)
    seen = []
    for _ in range(3):
        seen += training.next_batch(options)[0].mode.tolist()
        training.state.images_seen += 2
    assert seen == [MODE_OF[kind] for kind in KINDS]


def test_some_batches_hold_fewer_and_larger_sets(tiny_data):
    training, options = training_of(tiny_data, batch_size=8, large_share=0.5)
    shapes = set()
    for _ in range(12):
        batch = training.next_batch(options)[0]
        shapes.add((len(batch.truth), batch.truth.shape[-1], batch.inputs.shape[-1]))
    assert shapes == {(8, 32, 32), (2, 64, 64)}


def test_the_clock_counts_the_sets_of_a_large_batch(tiny_data):
    training, options = training_of(tiny_data, batch_size=8, large_share=1.0)
    training.step(options)
    assert training.state.images_seen == 2


def test_it_learns(tiny_data):
    training, options = training_of(tiny_data, images=900, constant_share=1.0, rate=5e-3)
    losses = [training.step(options) for _ in range(90)]
    for name, least in (("log_error", 0.1), ("mode", 0.1)):
        first, last = (sum(step[name] for step in part) for part in (losses[:20], losses[-20:]))
        assert last / 20 < first / 20 - least


def test_the_encoder_stays_as_it_was(tiny_data):
    training, options = training_of(tiny_data)
    encoder = training.network._shared[0]
    before = {name: tensor.clone() for name, tensor in encoder.state_dict().items()}
    training.step(options)
    assert all(torch.equal(before[name], tensor) for name, tensor in encoder.state_dict().items())


def test_a_step_that_is_not_finite_changes_no_weight(tiny_data, monkeypatch):
    training, options = training_of(tiny_data)
    training.step(options)
    before = training.state.pack().tensors
    monkeypatch.setattr(fusion, "log_error_loss", lambda fused, truth: fused.sum() * float("nan"))
    training.step(options)
    after = training.state.pack().tensors
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_a_weight_of_zero_takes_a_term_out(tiny_data):
    one, options = training_of(tiny_data)
    other, without = training_of(tiny_data, weights=FusionWeights(best_of_inputs=0.0))
    one.step(options), other.step(without)
    assert any(
        not torch.equal(a, b)
        for a, b in zip(one.network.parameters(), other.network.parameters(), strict=True)
    )


def test_the_loop_ends_on_the_clock_and_reports(tiny_data, tmp_path):
    training, options = training_of(
        tiny_data, images=24, sample_every=12, checkpoint_every=6, keep_checkpoints=9
    )
    steps, samples = [], []

    class Recorder(Observer):
        def on_step(self, images_seen, losses):
            steps.append(images_seen)

        def on_sample(self, images_seen, picture):
            samples.append(images_seen)

    training._draw_sample = lambda fuser: Image.new("RGB", (8, 8))
    (tmp_path / "samples").mkdir()
    trainer = Trainer("fusion", "fusion", tmp_path / "states", tmp_path / "samples", observer=Recorder())
    trainer.train(lambda: training, options, {"options": options.fingerprinted()})
    saved = sorted(int(path.stem.removeprefix("images-")) for path in tmp_path.rglob("*.safetensors"))
    assert steps == saved == [6, 12, 18, 24]
    assert samples == [0, 12, 24]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"images": 2}, "images must be at least batch_size"),
        ({"least_crop": 0.0}, "least_crop is 0.0"),
        ({"image_size": 40}, "multiple of 16"),
        ({"most_inputs": 9}, "most_inputs is 9: a set has 2 to 8"),
        ({"rate": 0.0}, "rate is 0.0"),
        ({"device": "tpu"}, "device is 'tpu'"),
        ({"precision": "fp8"}, "precision is 'fp8'"),
    ],
)
def test_options_that_cannot_be_meant_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        replace(TINY, **changes)


def test_negative_weights_are_refused():
    with pytest.raises(ValueError, match="negative"):
        FusionWeights(mode=-0.1)
