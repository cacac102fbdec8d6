"""Data and networks so small that a training step takes milliseconds."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from stylefuse.images.manifest import COLUMNS, rows_hash, rows_of
from stylefuse.images.store import SOURCE, ImageStore, write_store
from stylefuse.networks.classifier import build_classifier, load_classifier, pack_classifier
from stylefuse.networks.critic import CriticConfig
from stylefuse.networks.generator import Generator, GeneratorConfig
from stylefuse.networks.weights import Weights
from stylefuse.tasks.stylize.options import HybridOptions
from stylefuse.tasks.stylize.training import HybridTraining

STYLES = ("photo", "blue", "red")
PER_SPLIT = {"train": 6, "judge": 6, "test": 3}
_TINTS = {"photo": (0, 0, 0), "blue": (-60, -30, 60), "red": (60, -30, -60)}

TINY = HybridOptions(
    images=32,
    batch_size=4,
    image_size=32,
    generator=GeneratorConfig((4, 8), 1),
    critic=CriticConfig((4, 8, 8, 8)),
    nce_places=16,
    log_every=8,
    sample_every=16,
    checkpoint_every=8,
    precision="fp32",
    device="cpu",
)


def scene(random: np.random.Generator, height: int = 48, width: int = 56) -> np.ndarray:
    """A grey H×W×3 uint8 picture of soft patches."""
    coarse = torch.from_numpy(random.uniform(70, 185, (1, 1, 6, 7)))
    grey = torch.nn.functional.interpolate(coarse, (height, width), mode="bilinear")[0, 0].numpy()
    return np.repeat(grey[:, :, None], 3, axis=2).astype(np.uint8)


def write_tiny_data(folder: Path) -> pd.DataFrame:
    """Write scenes, tinted by their style, into a store; returns the manifest."""
    random, pictures, rows = np.random.default_rng(0), [], []
    for style in STYLES:
        for split, count in PER_SPLIT.items():
            for i in range(count):
                picture = scene(random)
                pictures.append((picture.astype(int) + _TINTS[style]).clip(0, 255).astype(np.uint8))
                name = f"{style}/{split}-{i}.png"
                row = {"path": name, "style": style, "split": split, "sha256": name, "row": len(rows)}
                rows.append({**row, "verdict": "ok", "trim": "", "reason": "", "phash": ""})
    manifest = pd.DataFrame(rows).reindex(columns=list(COLUMNS))
    write_store(folder, pictures, manifest)
    return manifest


def rebound(folder: Path, manifest: pd.DataFrame, place: Path) -> Path:
    """Copy an image store to `place`, as the store of another manifest."""
    shutil.copytree(folder, place, dirs_exist_ok=True)
    (place / SOURCE).write_text(rows_hash(manifest))
    return place


def smooth_pictures(count: int, height: int, width: int, seed: int = 0) -> Tensor:
    """Coloured pictures of soft patches, count×3×H×W in [-1, 1]."""
    coarse = torch.rand(count, 3, 6, 6, generator=torch.Generator().manual_seed(seed)) * 1.8 - 0.9
    return torch.nn.functional.interpolate(coarse, (height, width), mode="bilinear", antialias=True)


def textured_scenes(count: int) -> Tensor:
    """Coloured pictures of soft patches with fine grain, so with edges all over, count×3×128×128 in [-1, 1]."""
    grain = torch.randn(count, 3, 128, 128, generator=torch.Generator().manual_seed(3)) * 0.15
    return (smooth_pictures(count, 128, 128) * 0.6 + grain).clamp(-1, 1)


def lively_generator(config: GeneratorConfig = TINY.generator) -> Generator:
    """A generator that repaints as a trained one would: at its start all styles are the identity."""
    torch.manual_seed(0)
    generator = Generator(len(STYLES), config)
    for table in generator.style_parameters():
        torch.nn.init.normal_(table, std=0.3)
    torch.nn.init.normal_(generator.head.weight, std=0.1)
    return generator.eval().requires_grad_(False)


def classifier_weights() -> Weights:
    torch.manual_seed(0)
    network = build_classifier(len(STYLES), imagenet=False)
    return pack_classifier(network, STYLES, image_size=32, fingerprint="0123456789abcdef")


def tiny_training(tiny_data: tuple[Path, pd.DataFrame], **changes) -> tuple[HybridTraining, HybridOptions]:
    """A training about to begin, and its options: `TINY` with changes."""
    folder, manifest = tiny_data
    options = replace(TINY, **changes)
    rows = [rows_of(manifest, style, "train") for style in STYLES]
    return HybridTraining(ImageStore(folder), rows, load_classifier(classifier_weights()), options), options


def assert_equal_weights(one: Weights, other: Weights) -> None:
    """Bit for bit, facts included."""
    assert one.facts == other.facts
    assert one.tensors.keys() == other.tensors.keys()
    different = [name for name, tensor in one.tensors.items() if not torch.equal(tensor, other.tensors[name])]
    assert not different
