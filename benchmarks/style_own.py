"""Our own training under any options, for a length in minutes or images."""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

import torch
from style_data import Data
from style_runs import Length, Progress, Restyler

from stylefuse.evaluation.restyled import in_batches
from stylefuse.images.manifest import rows_of
from stylefuse.networks.generator import load_generator, pack_generator, style_weights
from stylefuse.networks.weights import Weights
from stylefuse.tasks.stylize.options import HybridOptions
from stylefuse.tasks.stylize.training import HybridTraining
from stylefuse.training.observer import Observer
from stylefuse.training.trainer import Trainer

# Multiples of the four steps from one gradient penalty to the next, so that it has its usual share of the time.
WARM_UP, TIMED = 8, 32
HALF_SIZE_SPEED = 3.4  # images of 64 px in the time of one of 128, measured
# Options and the images of the whole → the options of each stage, which begins with what the last has learned.
Stages = Callable[[HybridOptions, int], list[HybridOptions]]


def in_one_go(options: HybridOptions, images: int) -> list[HybridOptions]:
    """A training of so many images, to the nearest batch."""
    return [replace(options, images=max(1, round(images / options.batch_size)) * options.batch_size)]


def small_first(options: HybridOptions, images: int) -> list[HybridOptions]:
    """Two trainings that take the time of one of so many images, the first at half the size.

    The rate falls at the end of the second alone, for as many images as it would have; the weight of the penalty
    goes with the square of the size.
    """
    penalty = options.weights.gradient_penalty / 4
    small = replace(
        options,
        image_size=options.image_size // 2,
        weights=replace(options.weights, gradient_penalty=penalty),
        constant_share=1.0,
    )
    large = replace(options, constant_share=max(0.0, 2 * options.constant_share - 1))
    return in_one_go(small, round(images / 2 * HALF_SIZE_SPEED)) + in_one_go(large, images // 2)


def train_own(
    name: str, data: Data, options: HybridOptions, length: Length, seed: int, stages: Stages = in_one_go
) -> Weights:
    """Train a generator. The facts of the weights hold a record of the training as "training".

    Raises:
        TrainingDivergedError: losses stayed infinite or not a number.
    """
    options = replace(options, seed=seed)
    record: dict = {"calibrated_images_per_second": None}
    images = length.images
    if images is None:
        # Schedules count images, so equal minutes need the number of images beforehand.
        speed = images_per_second(data, options)
        record["calibrated_images_per_second"] = speed
        images = int(60 * length.minutes * speed)
    training, seen, start = None, 0, time.monotonic()
    for stage in stages(options, images):
        training = _begin(data, stage) if training is None else _grown(training, data, stage)
        with Progress(f"{name}, {stage.image_size} px, seed {seed}", stage.images, "img") as progress:
            Trainer(name, observer=_Shown(progress)).train(lambda begun=training: begun, stage)
        seen += stage.images
    seconds = time.monotonic() - start
    record |= {
        "minutes": seconds / 60,
        "images": seen,
        "images_per_second": seen / seconds,
        "losses": progress.losses(),
        "options": stage.fingerprinted(),
    }
    return pack_generator(training.ema, data.styles, image_size=options.image_size, training=record)


class _Shown(Observer):
    """Shows each step."""

    def __init__(self, progress: Progress):
        self._progress = progress

    def on_step(self, images_seen: int, losses: Mapping[str, float]) -> None:
        self._progress.step(images_seen, losses)


def _grown(training: HybridTraining, data: Data, options: HybridOptions) -> HybridTraining:
    """All that was learned, as the beginning of a training of another size."""
    tensors, facts = training.state.pack()
    grown = _begin(data, options)
    facts |= {"options": options.fingerprinted(), "images_seen": 0}
    grown.state.restore(Weights(tensors, facts))
    return grown


def load_own(data: Data, weights: Weights) -> Restyler:
    """The trained generator at full strength."""
    generator = load_generator(weights).to(data.device)

    def paint(photos, style):
        def under(x):
            styles = torch.full((len(x),), style, device=x.device)
            return generator(x, style_weights(styles, generator.rows))

        return in_batches(under, photos, data.evaluation.batch_size, data.device)

    return Restyler(paint, [generator])


def images_per_second(data: Data, options: HybridOptions) -> float:
    """Speed of a training that is thrown away afterwards."""
    options = replace(options, images=10**9)  # so that the learning rate stays what it is at the start
    step = partial(_begin(data, options).step, options)
    for _ in range(WARM_UP):
        step()
    start = time.monotonic()
    for _ in range(TIMED):
        step()
    return TIMED * options.batch_size / (time.monotonic() - start)


def _begin(data: Data, options: HybridOptions) -> HybridTraining:
    rows = [rows_of(data.manifest, style, "train") for style in data.styles]
    return HybridTraining(data.store, rows, data.classifier, options)
