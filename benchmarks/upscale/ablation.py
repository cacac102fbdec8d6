"""Train the faithful networks without the encoder's features, and with an encoder of their own, and measure them.

Weights are kept below --out; after an interruption the same command trains what is missing.
"""

import argparse
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from torch import Tensor, nn
from torch.nn import functional as F
from tqdm import tqdm

from benchmarks.common.command import count
from benchmarks.common.files import write_text
from benchmarks.common.photos import load_squares
from benchmarks.common.tables import to_markdown
from benchmarks.upscale.inputs import BICUBIC
from benchmarks.upscale.methods import classical, of_network
from benchmarks.upscale.truth import measure
from stylefuse.images.store import ImageStore, write_store
from stylefuse.networks.blocks import ReflectConv
from stylefuse.networks.encoder import Encoder
from stylefuse.networks.generator import load_generator
from stylefuse.networks.weights import read_weights, write_weights
from stylefuse.tasks.upscale.config import SCALES, UpscalerConfig
from stylefuse.tasks.upscale.network import Upscaler, pack_upscaler
from stylefuse.tasks.upscale.options import UpscaleOptions
from stylefuse.tasks.upscale.training import UpscaleTraining


class WithoutFeatures(Upscaler):
    """Sees pixels and the level of noise alone."""

    feature_channels = 0

    def features(self, x: Tensor) -> list[Tensor]:
        return []


class OwnStem(Upscaler):
    """Has a stem of its own for each scale, as large as the encoder's and trained with it."""

    def __init__(self, encoder: Encoder, config: UpscalerConfig):
        super().__init__(encoder, config)
        channels = encoder.stem.out_channels
        self.stems = nn.ModuleDict({str(s): ReflectConv(3, channels, 5) for s in SCALES})
        self._scale = SCALES[0]

    def forward(self, x: Tensor, level: Tensor, scale: int, detail: float = 0.0) -> Tensor:
        self._scale = scale
        return super().forward(x, level, scale, detail)

    def features(self, x: Tensor) -> list[Tensor]:
        return [F.relu(self.stems[str(self._scale)](x))]


VARIANTS = {"shared": Upscaler, "none": WithoutFeatures, "own": OwnStem}


def add_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--photos", type=Path, required=True, help="folder of held-out photos")
    add("--photos-limit", type=count, help="only the first so many photos")
    add("--train-photos", type=Path, required=True, help="folder of photos to learn from")
    add("--generator", type=Path, required=True, help="weights of the generator whose encoder is shared")
    add(
        "--images",
        type=count,
        default=UpscaleOptions().faithful_images,
        help="of each training (%(default)s)",
    )
    add("--variants", nargs="+", choices=list(VARIANTS), default=list(VARIANTS), help="what is trained")
    add("--out", type=Path, required=True, help="folder for the table and the weights")


def run(options: argparse.Namespace) -> None:
    encoder = load_generator(read_weights(options.generator)).encoder
    photos = load_squares(options.photos, options.photos_limit)
    methods = classical()[:1]
    for name in options.variants:
        file = options.out / "weights" / f"{name}.safetensors"
        if not file.exists():
            write_weights(file, pack_upscaler(_trained(VARIANTS[name], encoder, options)))
        network = VARIANTS[name](encoder, UpscalerConfig())
        network.load_state_dict(read_weights(file).tensors)
        methods.append(of_network(name, network.eval().requires_grad_(False)))
    found = [[measure(m, photos, BICUBIC, scale)["RGB"] for scale in SCALES] for m in methods]
    rows = [[m.name, *(f"{value:.3f}" for value in v)] for m, v in zip(methods, found, strict=True)]
    text = to_markdown([["features", *(f"×{scale}" for scale in SCALES)], *rows]) + "\n"
    write_text(options.out / "ablation.md", text)
    print(text)


def _trained(variant: type[Upscaler], encoder: Encoder, options: argparse.Namespace) -> Upscaler:
    folder = options.out / "store"
    write_store(folder, (photo.pixels for photo in load_squares(options.train_photos)))
    store = ImageStore(folder)
    settings = replace(UpscaleOptions(), images=options.images, detail_share=0.0)
    new = partial(variant, encoder, settings.upscaler)
    training = UpscaleTraining(new, store, np.arange(len(store)), settings)
    for _ in tqdm(range(0, options.images, settings.batch_size), desc=variant.__name__, unit="step"):
        training.step(settings)
    return training.ema.cpu()
