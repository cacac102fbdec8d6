"""What each term of the fuser's loss is worth: equal photos, seeds and steps, one thing changed at a time.

`python benchmarks/fusion_ablation.py --data data --out ablation --images 3600`, after `kedro run`. Results are
kept, one JSON a variant, so that it can be stopped and go on; at the end the table is printed.
"""

import argparse
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F
from tqdm import tqdm

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

CRITIC, GUARD = 0.01, 0.05  # weights of the two terms that are tried


def with_critic(seed: int) -> Terms:
    """L_F and a critic on pixels that tells fused pictures from photos (docs/formulation.md, item 6)."""
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


def with_guard(data: Path) -> Terms:
    """L_F and C, frozen: what is fused must still pass for a photo."""
    classifier = load_classifier(read_weights(data / "06_models" / "classifier.safetensors"))

    def terms(fused, batch) -> dict[str, Tensor]:
        photo = torch.zeros(len(batch.truth), dtype=torch.int64)
        guard = F.cross_entropy(classifier(fused.picture.clamp(-1, 1)).float(), photo)
        found = fusion_terms(fused, batch)
        return {**found, "log_error": found["log_error"] + GUARD * guard}

    return terms


@contextmanager
def blind(encoder: torch.nn.Module) -> Iterator[None]:
    """The encoder's features are all zero: cues alone."""
    handle = encoder.register_forward_hook(lambda module, given, levels: [level * 0 for level in levels])
    try:
        yield
    finally:
        handle.remove()


@torch.inference_mode()
def score(fuser: Fuser, photos: Tensor) -> dict[str, float]:
    """PSNR by kind on unseen variants of pairs, dB; and what pairs of two sensors lose (lower is better)."""
    found: dict[str, list[float]] = {kind: [] for kind in (*WITH_TRUTH, "sensors_loss")}
    for index, photo in enumerate(photos):
        for kind in WITH_TRUTH:
            pair = synthesise(kind, photo[None], 2, np.random.default_rng([5, index]), unseen=True)
            error = ((fuser(pair).picture[0] - photo) / 2).square().mean()
            found[kind].append(float(-10 * (error + 1e-10).log10()))
        pair = synthesise("sensors", photo[None], 2, np.random.default_rng([5, index]), unseen=True)
        found["sensors_loss"].append(float(best_of_inputs_loss(fuser(pair).picture, pair)))
    return {kind: round(float(np.mean(values)), 3) for kind, values in found.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("data"), help="data_root of a finished kedro run")
    parser.add_argument("--out", type=Path, required=True, help="folder for results")
    parser.add_argument("--images", type=int, default=3_600, help="photos seen in each training")
    parser.add_argument("--photos", type=int, default=40, help="held-out photos to measure on")
    parser.add_argument("--only", nargs="*", help="names of the variants to run; by default all")
    asked = parser.parse_args()
    manifest = ManifestDataset(filepath=str(asked.data / "03_primary" / "manifest.csv")).load()
    store = open_store(asked.data / "05_model_input" / "images", manifest)
    photos = centre_crops(store, rows_of(manifest, PHOTO, "test")[: asked.photos], 128)
    encoder = load_generator(read_weights(asked.data / "06_models" / "generator.safetensors")).encoder
    options = FusionOptions(images=asked.images)
    untaught = replace(options, weights=FusionWeights(best_of_inputs=0.0))
    variants = {
        "as it is": (options, lambda: fusion_terms),
        "without best_of_inputs": (untaught, lambda: fusion_terms),
        "with critic": (options, lambda: with_critic(options.seed)),
        "with C as guard": (options, lambda: with_guard(asked.data)),
        "without the encoder": (options, lambda: fusion_terms),
    }
    asked.out.mkdir(parents=True, exist_ok=True)
    for name, (chosen, terms) in variants.items():
        kept = asked.out / f"{name.replace(' ', '_')}.json"
        if kept.exists() or (asked.only and name not in asked.only):
            continue
        rows = rows_of(manifest, PHOTO, "train")
        training = FusionTraining(store, rows, encoder, chosen, terms=terms())
        start = time.perf_counter()
        seen = blind(encoder) if name == "without the encoder" else nullcontext()
        with seen, tqdm(total=chosen.images, desc=name, unit="img") as bar:
            while training.state.images_seen < chosen.images:
                losses = training.step(chosen)
                bar.set_postfix(log_error=f"{losses['log_error']:.2f}", refresh=False)
                bar.update(chosen.batch_size)
            minutes = (time.perf_counter() - start) / 60
            kept.write_text(json.dumps({**score(training.ema, photos), "minutes": round(minutes, 1)}))
    for name in variants:
        kept = asked.out / f"{name.replace(' ', '_')}.json"
        if kept.exists():
            print(f"{name:24s}", json.loads(kept.read_text()))


if __name__ == "__main__":
    main()
