"""Our own training under any options, for a length in minutes or images."""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

import torch

from benchmarks.common.progress import Progress
from benchmarks.style.data import Data
from benchmarks.style.methods import Length, Method
from stylefuse.evaluation.restyled import in_batches
from stylefuse.images.manifest import rows_of
from stylefuse.networks.generator import load_generator, pack_generator, style_weights
from stylefuse.networks.weights import Weights
from stylefuse.tasks.stylize.options import HybridOptions
from stylefuse.tasks.stylize.training import HybridTraining
from stylefuse.training.observer import Observer
from stylefuse.training.trainer import Trainer

# Steps of a trial; multiples of four, the steps from one gradient penalty to the next, so that it has its usual share.
WARM_UP, TIMED = 8, 32
HALF_SIZE_SPEED = 3.4  # images of 64 px in the time of one of 128, measured
# Options, and images of the whole training → options of each stage. A stage continues from the weights of the last.
Stages = Callable[[HybridOptions, int], list[HybridOptions]]


def in_one_go(options: HybridOptions, images: int) -> list[HybridOptions]:
    """Return one training of so many images, to the nearest batch."""
    return [replace(options, images=max(1, round(images / options.batch_size)) * options.batch_size)]


def small_first(options: HybridOptions, images: int) -> list[HybridOptions]:
    """Return two trainings that take the time of one of so many images, the first at half the size.

    Only the second one's learning rate falls at its end, for as many images as in a single training. The weight of
    the penalty is proportional to the square of the size.
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
    """Train a generator. The facts of the weights contain a record of the training as "training".

    Raises:
        TrainingDivergedError: losses stayed infinite or not a number.
    """
    options = replace(options, seed=seed)
    record: dict = {"calibrated_images_per_second": None}
    images = length.images
    if images is None:
        # Schedules count images, so the number of images that fits the minutes must be known beforehand.
        speed = images_per_second(data, options)
        record["calibrated_images_per_second"] = speed
        images = int(60 * length.minutes * speed)
    training, seen, start = None, 0, time.monotonic()
    for stage in stages(options, images):
        training = _begin(data, stage) if training is None else _continued(training, data, stage)
        with Progress(f"{name}, {stage.image_size} px, seed {seed}", stage.images, "img") as progress:
            Trainer(name, observer=_ProgressObserver(progress)).train(lambda begun=training: begun, stage)
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


class _ProgressObserver(Observer):
    """Shows each step in a progress bar."""

    def __init__(self, progress: Progress):
        self._progress = progress

    def on_step(self, images_seen: int, losses: Mapping[str, float]) -> None:
        self._progress.step(images_seen, losses)


def _continued(training: HybridTraining, data: Data, options: HybridOptions) -> HybridTraining:
    """Return a training of another size that starts from the weights of this one."""
    tensors, facts = training.state.pack()
    resized = _begin(data, options)
    facts |= {"options": options.fingerprinted(), "images_seen": 0}
    resized.state.restore(Weights(tensors, facts))
    return resized


def load_own(data: Data, weights: Weights) -> Method:
    """Return the trained generator at full strength."""
    generator = load_generator(weights).to(data.device)

    def paint(photos, style):
        def under(x):
            styles = torch.full((len(x),), style, device=x.device)
            return generator(x, style_weights(styles, generator.rows))

        return in_batches(under, photos, data.evaluation.batch_size, data.device)

    return Method(paint, [generator])


def images_per_second(data: Data, options: HybridOptions) -> float:
    """Return the speed of a short trial training."""
    options = replace(options, images=10**9)  # keeps the learning rate of the start
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
