"""Time the adversarial training on any device: images/s, and ms a step for crops, generator and critic.

Pictures are drawn for it, so nothing is needed; how fast a step is does not depend on what they show. "crops" is the
time to draw a batch, until it lies on the device. The parts are timed with a wait for the device before and after
each, images/s without. "rest" is optimisers and the moving average.
"""

import argparse
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from kedro.config import OmegaConfigLoader
from PIL import Image
from pydantic import TypeAdapter

from benchmarks.common.command import count
from benchmarks.common.tables import to_markdown
from benchmarks.style.data import CONF
from stylefuse.images.device_store import placed
from stylefuse.images.store import ImageStore, write_store
from stylefuse.networks.classifier import build_classifier
from stylefuse.pipelines.train_hybrid.options import TrainOptions
from stylefuse.settings import CONFIG_LOADER_ARGS
from stylefuse.tasks.stylize.batch import next_batch
from stylefuse.tasks.stylize.options import HybridOptions
from stylefuse.tasks.stylize.training import HybridTraining
from stylefuse.training.device import pick_device, pick_precision

STYLES, PICTURES = 3, 20  # and pictures of each, photos as well


def add_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--device", choices=["cpu", "cuda"], default="cpu", help="default: %(default)s")
    add("--env", help="environment of conf/ with the options; default: gpu with --device cuda, else base")
    add("--batch-size", type=count, help="default: that of the environment")
    add(
        "--crops",
        choices=["cpu", "device"],
        default="device",
        help="where they are cut; default: %(default)s",
    )
    add("--steps", type=count, default=16, help="timed steps; as many go before them (%(default)s)")


def run(options: argparse.Namespace) -> None:
    env = options.env or ("gpu" if options.device == "cuda" else "base")
    training, short_side = read_options(env)
    batch_size = options.batch_size or training.batch_size
    training = replace(training, device=options.device, batch_size=batch_size)
    training = replace(training, precision=pick_precision(training))
    with tempfile.TemporaryDirectory() as folder:
        store = drawn_store(Path(folder), short_side)
        if options.crops == "device":
            store = placed(store, pick_device(options.device))
        seconds = measure(store, training, options.steps)
    where = torch.cuda.get_device_name() if options.device == "cuda" else f"{torch.get_num_threads()} threads"
    size = f"{training.image_size} px, batch {batch_size}, {training.precision}, crops on the {options.crops}"
    print(f"{options.device} ({where}), --env {env}: {size}; means of {options.steps} steps.\n")
    print(table(seconds, batch_size))


def read_options(env: str) -> tuple[HybridOptions, int]:
    """Return the options of the training in an environment of conf/, and the short side of stored pictures."""
    conf = OmegaConfigLoader(str(CONF), env=env, **CONFIG_LOADER_ARGS)["parameters"]
    parsed = TypeAdapter(TrainOptions).validate_python(conf["train_hybrid"])
    return parsed.training, conf["ingest"]["short_side"]


def drawn_store(folder: Path, short_side: int) -> ImageStore:
    """Write a store of soft pictures, a quarter wider than high."""
    coarse = Image.fromarray(np.random.default_rng(0).integers(0, 256, (8, 10, 3), np.uint8))
    picture = np.asarray(coarse.resize((short_side * 5 // 4, short_side), Image.Resampling.BICUBIC))
    write_store(folder, [np.roll(picture, i, axis=1) for i in range((STYLES + 1) * PICTURES)])
    return ImageStore(folder)


def measure(store: ImageStore, options: HybridOptions, steps: int) -> dict[str, float]:
    """Return mean seconds of a whole step, as "step", and of its parts."""
    device = pick_device(options.device)
    classifier = build_classifier(STYLES + 1, imagenet=True).eval().requires_grad_(False).to(device)
    rows = [np.arange(PICTURES) + PICTURES * style for style in range(STYLES + 1)]
    training = TimedTraining(store, rows, classifier, options)
    for _ in range(steps):
        training.step(options)
    training.seconds.clear()
    for _ in range(steps):
        with training.timed("crops"):
            next_batch(training.state, options.batch_size, device)
    for _ in range(steps):
        training.step(options)
    training.synchronised = False
    with training.timed("step", always=True):
        for _ in range(steps):
            training.step(options)
    return {name: total / steps for name, total in training.seconds.items()}


class TimedTraining(HybridTraining):
    """The training, with the seconds of its parts, while `synchronised`."""

    def __init__(self, *arguments: Any):
        super().__init__(*arguments)
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self.synchronised = True

    @contextmanager
    def timed(self, name: str, always: bool = False) -> Iterator[None]:
        """Add the seconds of what is inside, with all that it started on the device."""
        if not (self.synchronised or always):
            yield
            return
        wait = _wait_for(next(self.generator.parameters()).device)
        wait()
        start = time.perf_counter()
        yield
        wait()
        self.seconds[name] += time.perf_counter() - start

    def generator_step(self, *arguments: Any) -> Any:
        with self.timed("generator step"):
            return super().generator_step(*arguments)

    def critic_step(self, *arguments: Any) -> Any:
        with self.timed("critic step"):
            return super().critic_step(*arguments)


def table(seconds: dict[str, float], batch_size: int) -> str:
    """Markdown: images/s, and ms of a step and of its parts."""
    parts = {name: seconds[name] for name in ("crops", "generator step", "critic step")}
    ms = {"step": seconds["step"], **parts, "rest": seconds["step"] - sum(parts.values())}
    head, row = [f"{name}, ms" for name in ms], [f"{1000 * each:.1f}" for each in ms.values()]
    return to_markdown([["images/s", *head], [f"{batch_size / seconds['step']:.1f}", *row]])


def _wait_for(device: torch.device) -> Callable[[], None]:
    return torch.cuda.synchronize if device.type == "cuda" else lambda: None
