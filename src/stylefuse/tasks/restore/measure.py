"""Measure the restorer beside the classical rules, on photos that were damaged in known ways."""

import numpy as np
import pandas as pd
from torch import Tensor
from tqdm import tqdm

from stylefuse.metrics.fusion_similarity import psnr
from stylefuse.tasks.restore.cases import CASES, Case, make_case
from stylefuse.tasks.restore.network import Restorer
from stylefuse.tasks.restore.params import RestoreParams
from stylefuse.tasks.restore.repair import repair
from stylefuse.tasks.restore.rules import rules_for

BEST_PSNR = 60.0  # a copy but for rounding


def measure(restorer: Restorer, photos: Tensor, seed: int) -> pd.DataFrame:
    """Measure PSNR (dB) of the restorer and of the rules, and what the restorer found.

    Args:
        photos: N×3×S×S in [-1, 1].

    Returns:
        Columns damage, damaged, restorer, best_rule (empty where there is none), noise and quality (estimated),
        filled (share of the pixels), f1 (of scratches that were to be found, else empty); means over the photos.
    """
    rows = []
    for name in tqdm(CASES, desc="restoration"):
        scores = [
            score(restorer, make_case(name, photo, index, seed), photo) for index, photo in _levels(photos)
        ]
        means = pd.DataFrame(scores).mean()
        rules = means.drop(["damaged", "restorer", "noise", "quality", "filled", "f1"])
        own = means.drop(rules.index)
        best = rules.max() if len(rules) else float("nan")
        rows.append({"damage": name, **own[["damaged", "restorer"]], "best_rule": best, **own[2:]})
    return pd.DataFrame(rows).round(4)


def score(restorer: Restorer, case: Case, photo: np.ndarray) -> dict[str, float]:
    """PSNR (dB) of the damaged photo, the restorer and every rule; in the hole where one is given."""
    given = np.zeros(photo.shape[:2], bool) if case.hole is None else case.hole
    params = params_for(case)
    made = repair(restorer, case.picture, given, params)
    found = {"noise": made.seen.noise, "quality": 100 * (1 - made.seen.compression)}
    scores = {
        "damaged": psnr_in(case.picture, photo, case.hole),
        "restorer": psnr_in(made.picture, photo, case.hole),
        **found,
        "filled": float(made.hole.mean()),
        "f1": f1(made.hole, case.scratched),
    }
    return scores | {name: psnr_in(rule(case), photo, case.hole) for name, rule in rules_for(case).items()}


def params_for(case: Case) -> RestoreParams:
    """All is estimated; scratches are looked for where there are some; a given hole is filled and nothing else."""
    if case.hole is not None:
        return RestoreParams(noise=0, quality=100)
    return RestoreParams(scratches=case.scratched is not None)


def psnr_in(picture: np.ndarray, photo: np.ndarray, hole: np.ndarray | None) -> float:
    """PSNR in dB of all pixels, or of those in a hole; at most `BEST_PSNR`."""
    if hole is not None:
        picture, photo = picture[hole], photo[hole]
    return min(
        psnr(picture[None] if hole is not None else picture, photo[None] if hole is not None else photo),
        BEST_PSNR,
    )


def f1(found: np.ndarray, scratched: np.ndarray | None) -> float:
    """F1 of found pixels, NaN where none is scratched; those next to a scratch, whose edges are soft, do not count."""
    import cv2

    if scratched is None or not scratched.any():
        return float("nan")
    near = cv2.dilate(scratched.astype(np.uint8), np.ones((7, 7), np.uint8)) > 0
    right, wrong, missed = (found & scratched).sum(), (found & ~near).sum(), (scratched & ~found).sum()
    return float(2 * right / max(2 * right + wrong + missed, 1))


def summarise(table: pd.DataFrame) -> dict[str, float]:
    """Return, by damage, the PSNR of the restorer and its lead over the best rule, in dB; and what it found."""
    summary: dict[str, float] = {}
    for row in table.to_dict("records"):
        summary[f"{row['damage']}_psnr"] = float(row["restorer"])
        if not np.isnan(row["best_rule"]):
            summary[f"{row['damage']}_lead"] = float(row["restorer"] - row["best_rule"])
        if not np.isnan(row["f1"]):
            summary[f"{row['damage']}_f1"] = float(row["f1"])
        if row["damage"] == "untouched_searched":
            summary["untouched_filled"] = float(row["filled"])
    return summary


def _levels(photos: Tensor) -> list[tuple[int, np.ndarray]]:
    """Numbered photos, H×W×3 uint8."""
    levels = photos.add(1).mul(127.5).round().clamp(0, 255).permute(0, 2, 3, 1).numpy().astype(np.uint8)
    return list(enumerate(levels))
