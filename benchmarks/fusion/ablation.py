"""Leave out or add one part of the fuser's training at a time, with equal photos, seeds and steps.

Needs the data of a finished `kedro run`. Results are kept, one JSON file a variant; after an interruption the same
command continues. The table is printed at the end.
"""

import argparse
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F
from tqdm import tqdm

from benchmarks.common.command import count
from benchmarks.common.files import write_json
from stylefuse.datasets import ManifestDataset
from stylefuse.images.crops import centre_crops
from stylefuse.images.manifest import PHOTO, rows_of
from stylefuse.images.store import open_store
from stylefuse.losses.adversarial import (
    relativistic_critic_loss,
    relativistic_generator_loss,
    zero_centred_penalty,
)
from stylefuse.networks.classifier import load_classifier
from stylefuse.networks.critic import Critic
from stylefuse.networks.generator import load_generator
from stylefuse.networks.weights import read_weights
from stylefuse.tasks.fuse.losses import best_of_inputs_loss
from stylefuse.tasks.fuse.network import Fuser
from stylefuse.tasks.fuse.options import FusionOptions, FusionWeights
from stylefuse.tasks.fuse.pairs import WITH_TRUTH, synthesise
from stylefuse.tasks.fuse.training import FusionTraining, Terms, fusion_terms

CRITIC, GUARD = 0.01, 0.05  # weights of the two added terms


def with_critic(seed: int) -> Terms:
    """Return L_F plus a critic on pixels that tells fused pictures from photos (docs/formulation.md, item 6)."""
    torch.manual_seed(seed)
    critic = Critic(1).to(memory_format=torch.channels_last)
    optimiser = torch.optim.Adam(critic.parameters(), lr=1e-3, betas=(0.0, 0.99))

    def terms(fused, batch) -> dict[str, Tensor]:
        style = torch.zeros(len(batch.truth), dtype=torch.int64)
        real, fake = batch.truth.clone().requires_grad_(), fused.picture.detach().requires_grad_()
        real_logits, fake_logits = critic(real, style), critic(fake, style)
        penalty = zero_centred_penalty(real_logits, real) + zero_centred_penalty(fake_logits, fake)
        optimiser.zero_grad(set_to_none=True)
        (relativistic_critic_loss(real_logits, fake_logits) + 0.8 * penalty).backward()
        optimiser.step()
        critic.requires_grad_(False)
        loss = relativistic_generator_loss(real_logits.detach(), critic(fused.picture, style))
        critic.requires_grad_(True)
        found = fusion_terms(fused, batch)
        return {**found, "log_error": found["log_error"] + CRITIC * loss}

    return terms


def with_guard(classifier: Path) -> Terms:
    """Return L_F plus a cross-entropy under the frozen C: a fused picture must still be classified as a photo."""
    network = load_classifier(read_weights(classifier))

    def terms(fused, batch) -> dict[str, Tensor]:
        photo = torch.zeros(len(batch.truth), dtype=torch.int64)
        guard = F.cross_entropy(network(fused.picture.clamp(-1, 1)).float(), photo)
        found = fusion_terms(fused, batch)
        return {**found, "log_error": found["log_error"] + GUARD * guard}

    return terms


@contextmanager
def blind(encoder: torch.nn.Module) -> Iterator[None]:
    """Set all features of the encoder to zero, so that only the cues are left."""
    handle = encoder.register_forward_hook(lambda module, given, levels: [level * 0 for level in levels])
    try:
        yield
    finally:
        handle.remove()


@torch.inference_mode()
def score(fuser: Fuser, photos: Tensor) -> dict[str, float]:
    """Return PSNR in dB by kind on unseen variants of pairs, and the loss on pairs of two sensors (less is better)."""
    found: dict[str, list[float]] = {kind: [] for kind in (*WITH_TRUTH, "sensors_loss")}
    for index, photo in enumerate(photos):
        for kind in WITH_TRUTH:
            pair = synthesise(kind, photo[None], 2, np.random.default_rng([5, index]), unseen=True)
            error = ((fuser(pair).picture[0] - photo) / 2).square().mean()
            found[kind].append(float(-10 * (error + 1e-10).log10()))
        pair = synthesise("sensors", photo[None], 2, np.random.default_rng([5, index]), unseen=True)
        found["sensors_loss"].append(float(best_of_inputs_loss(fuser(pair).picture, pair)))
    return {kind: round(float(np.mean(values)), 3) for kind, values in found.items()}


def add_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--data", type=Path, default=Path("data"), help="data_root of a finished kedro run (%(default)s)")
    add("--out", type=Path, required=True, help="folder for results")
    add("--images", type=count, default=3_600, help="photos seen in each training (%(default)s)")
    add("--photos", type=count, default=40, help="held-out photos to measure on (%(default)s)")
    add("--only", nargs="*", help="names of the variants to run; default: all")


def run(options: argparse.Namespace) -> None:
    models = options.data / "06_models"
    manifest = ManifestDataset(filepath=str(options.data / "03_primary" / "manifest.csv")).load()
    store = open_store(options.data / "05_model_input" / "images", manifest)
    photos = centre_crops(store, rows_of(manifest, PHOTO, "test")[: options.photos], 128)
    encoder = load_generator(read_weights(models / "generator.safetensors")).encoder
    usual = FusionOptions(images=options.images)
    without_best_of_inputs = replace(usual, weights=FusionWeights(best_of_inputs=0.0))
    variants: dict[str, tuple[FusionOptions, Callable[[], Terms]]] = {
        "as it is": (usual, lambda: fusion_terms),
        "without best_of_inputs": (without_best_of_inputs, lambda: fusion_terms),
        "with critic": (usual, lambda: with_critic(usual.seed)),
        "with C as guard": (usual, lambda: with_guard(models / "classifier.safetensors")),
        "without the encoder": (usual, lambda: fusion_terms),
    }
    files = {name: options.out / f"{name.replace(' ', '_')}.json" for name in variants}
    for name, (training_options, terms) in variants.items():
        if files[name].exists() or (options.only and name not in options.only):
            continue
        rows = rows_of(manifest, PHOTO, "train")
        training = FusionTraining(store, rows, encoder, training_options, terms=terms())
        with blind(encoder) if name == "without the encoder" else nullcontext():
            minutes = train(name, training, training_options)
            write_json(files[name], {**score(training.ema, photos), "minutes": round(minutes, 1)})
    for name, file in files.items():
        if file.exists():
            print(f"{name:24s}", json.loads(file.read_text(encoding="utf-8")))


def train(name: str, training: FusionTraining, options: FusionOptions) -> float:
    """Train for `options.images` photos; returns the minutes it took."""
    start = time.perf_counter()
    with tqdm(total=options.images, desc=name, unit="img") as bar:
        while training.state.images_seen < options.images:
            losses = training.step(options)
            bar.set_postfix(log_error=f"{losses['log_error']:.2f}", refresh=False)
            bar.update(options.batch_size)
    return (time.perf_counter() - start) / 60
