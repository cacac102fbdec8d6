"""Measure the fuser beside the classical rules, on sets with a known truth."""

import numpy as np
import pandas as pd
import torch
from PIL.Image import Image
from torch import Tensor
from tqdm import tqdm

from stylefuse.metrics.fusion_similarity import psnr, ssim
from stylefuse.tasks.fuse.network import Fuser
from stylefuse.tasks.fuse.pairs import KINDS, WITH_TRUTH, synthesise
from stylefuse.tasks.fuse.rules import RULES
from stylefuse.tasks.fuse.sheet import draw_pairs
from stylefuse.tasks.fuse.training import MODE_OF


def measure(fuser: Fuser, photos: Tensor, inputs: tuple[int, ...], seed: int) -> pd.DataFrame:
    """Measure PSNR (dB) and SSIM of the fuser and PSNR of every rule, on variants kept out of training.

    Args:
        photos: N×3×H×W in [-1, 1].
        inputs: numbers of pictures in a set; each gives a row for each kind.

    Returns:
        Columns kind, n, fuser, ssim, mode_right (share of sets whose mode was guessed right), best_input and one
        for each rule; means over the photos.
    """
    rows = []
    for kind, n in tqdm([(kind, n) for kind in WITH_TRUTH for n in inputs], desc="fusion"):
        scores = []
        for index, photo in enumerate(photos):
            stack = synthesise(kind, photo[None], n, _random(seed, kind, n, index), unseen=True)
            with torch.inference_mode():
                fused = fuser(stack)
            truth, result = _levels(photo), _levels(fused.picture[0])
            pictures = [_levels(picture) for picture in stack[0]]
            right = int(fused.mode_logits.argmax()) == MODE_OF[kind]
            score = {"fuser": psnr(result, truth), "ssim": ssim(result, truth), "mode_right": float(right)}
            score["best_input"] = max(psnr(picture, truth) for picture in pictures)
            unit = np.stack(pictures).astype(np.float32) / 255
            score |= {name: psnr(np.round(rule(unit) * 255.0), truth) for name, rule in RULES.items()}
            scores.append(score)
        rows.append({"kind": kind, "n": n, **pd.DataFrame(scores).mean().round(4)})
    return pd.DataFrame(rows)


def summarise(table: pd.DataFrame) -> dict[str, float]:
    """Return, by kind, the mean PSNR of the fuser and its lead over the best rule, both in dB."""
    summary: dict[str, float] = {}
    for kind, rows in table.groupby("kind", sort=False):
        summary[f"{kind}_psnr"] = float(rows["fuser"].mean())
        summary[f"{kind}_lead"] = float((rows["fuser"] - rows[list(RULES)].max(axis=1)).mean())
    summary["mode_right"] = float(table["mode_right"].mean())
    return summary


def contact_sheet_of(fuser: Fuser, photos: Tensor, seed: int) -> Image:
    """Draw one pair of each kind for each photo, in variants kept out of training."""
    pairs = {
        kind: torch.cat(
            [
                synthesise(kind, p[None], 2, _random(seed, kind, 2, i), unseen=True)
                for i, p in enumerate(photos)
            ]
        )
        for kind in KINDS
    }
    return draw_pairs(fuser, pairs, photos)


def _random(seed: int, kind: str, n: int, index: int) -> np.random.Generator:
    """Random numbers that give every method in every run the same set."""
    return np.random.default_rng([seed, KINDS.index(kind), n, index])


def _levels(picture: Tensor) -> np.ndarray:
    """Convert 3×H×W in [-1, 1] to H×W×3 whole numbers from 0 to 255, as float64."""
    return picture.add(1).mul(127.5).round().permute(1, 2, 0).double().numpy()
