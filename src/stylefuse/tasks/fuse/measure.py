"""The fuser beside the classical rules, on sets whose truth is known."""

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
    """PSNR in dB and SSIM of the fuser, PSNR of every rule, on variants that no training sees.

    Args:
        photos: N×3×H×W in [-1, 1].
        inputs: pictures a set; each number gives a row for each kind.

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
    """By kind, over the numbers of inputs: PSNR of the fuser and its lead over the best rule, both in dB."""
    summary: dict[str, float] = {}
    for kind, rows in table.groupby("kind", sort=False):
        summary[f"{kind}_psnr"] = float(rows["fuser"].mean())
        summary[f"{kind}_lead"] = float((rows["fuser"] - rows[list(RULES)].max(axis=1)).mean())
    summary["mode_right"] = float(table["mode_right"].mean())
    return summary


def contact_sheet_of(fuser: Fuser, photos: Tensor, seed: int) -> Image:
    """The sheet of one pair of each kind for each photo, in variants that no training sees."""
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
    """The same set for every method and every run."""
    return np.random.default_rng([seed, KINDS.index(kind), n, index])


def _levels(picture: Tensor) -> np.ndarray:
    """3×H×W in [-1, 1] as H×W×3 float64 of whole numbers, 0 to 255."""
    return picture.add(1).mul(127.5).round().permute(1, 2, 0).double().numpy()
