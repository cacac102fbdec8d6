from dataclasses import FrozenInstanceError

import pytest
from pydantic import ValidationError

from stylefuse.pipelines.pretrain_classifier.options import PretrainOptions
from stylefuse.pipelines.train_hybrid.options import TrainOptions
from stylefuse.tasks.stylize.options import HybridOptions
from stylefuse.training.options import ClassifierOptions


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"images": 4}, "images"),
        ({"batch_size": 1}, "batch_size"),
        ({"least_crop": 0.0}, "least_crop is 0"),
        ({"least_crop": 1.5}, "least_crop is 1.5"),
        ({"image_size": 130}, "image_size"),
        ({"image_size": 16}, "image_size"),
        ({"precision": "fp16"}, "precision is 'fp16'"),
        ({"strategy": "fsdp"}, "strategy is 'fsdp'"),
        ({"devices": 2}, "devices is 2: more than one need strategy ddp"),
        ({"devices": 3, "strategy": "ddp"}, "batch_size is 8: it must be a multiple of devices, 3"),
        ({"devices": 0, "strategy": "ddp"}, "devices is 0"),
        ({"keep_checkpoints": 0}, "keep_checkpoints is 0"),
    ],
)
def test_bad_values_are_refused_by_name(changes, name):
    with pytest.raises(ValueError, match=name):
        HybridOptions(**changes)
    with pytest.raises(ValidationError, match=name):
        TrainOptions(restart=False, training=changes)


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"images": 4}, "images"),
        ({"batch_size": 1}, "batch_size"),
        ({"least_crop": -0.1}, "least_crop"),
        ({"device": "tpu"}, "device"),
    ],
)
def test_bad_values_of_a_classifier_are_refused_by_name(changes, name):
    with pytest.raises(ValueError, match=name):
        ClassifierOptions(**changes)
    with pytest.raises(ValidationError, match=name):
        PretrainOptions(imagenet=False, classifier={}, judge=changes)


@pytest.mark.parametrize(
    ("training", "place"),
    [
        ({"imagse": 800}, "training.imagse"),
        ({"weights": {"stile": 1.0}}, "training.weights.stile"),
        ({"generator": {"layers": 3}}, "training.generator.layers"),
        ({"critic": {"depth": 3}}, "training.critic.depth"),
        ({"generator": {"grain": -0.1}}, "training.generator"),
        ({"images": "many"}, "training.images"),
        ({"weights": {"adversarial": "much"}}, "training.weights.adversarial"),
    ],
)
def test_what_is_not_known_is_refused_by_name(training, place):
    with pytest.raises(ValidationError) as refused:
        TrainOptions(restart=False, training=training)
    assert [".".join(map(str, error["loc"])) for error in refused.value.errors()] == [place]


def test_a_key_beside_the_training_is_refused():
    with pytest.raises(ValidationError, match="restrat"):
        TrainOptions(restart=False, training={}, restrat=True)


def test_nothing_changes_options_while_they_are_used():
    with pytest.raises(FrozenInstanceError):
        HybridOptions().images = 3
    with pytest.raises(ValidationError):
        TrainOptions(restart=False, training={}).restart = True
