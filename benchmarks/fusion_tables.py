"""Tables of the benchmark, as Markdown to read and CSV to compute with."""

import csv
import io
from collections.abc import Mapping, Sequence

import numpy as np
from fusion_methods import FUSER
from fusion_results import Scores
from fusion_scores import BEST_PSNR
from fusion_truth import Cell

from stylefuse.tasks.fuse.rules import RULES


def truth_tables(results: Mapping[Cell, Scores]) -> str:
    """Markdown: PSNR and SSIM of every method, a table for unseen and one for seen variants."""
    photos = {len(each["psnr"]) for scores in results.values() for each in scores.values()}
    parts = [
        "# Fusion against a known truth\n\n"
        f"{'/'.join(map(str, sorted(photos)))} photos a line. Mean ± standard error of the mean, over photos. "
        "Best input: the input closest to the truth, chosen knowing it; it is no method. "
        "Gain: StyleFuse less the best rule of that line, photo by photo. "
        f"PSNR above {BEST_PSNR:g} dB, a copy but for rounding, counts as {BEST_PSNR:g}."
    ]
    for unseen, title in ((True, "Variants that no training sees"), (False, "Variants as in training")):
        for score, unit, digits in (("psnr", "PSNR, dB", 2), ("ssim", "SSIM", 4)):
            cells = {cell: scores for cell, scores in results.items() if cell.unseen == unseen}
            if cells:
                parts.append(f"## {title}: {unit}\n\n{_truth_table(cells, score, digits)}")
    return "\n\n".join(parts) + "\n"


def truth_csv(results: Mapping[Cell, Scores]) -> str:
    """CSV: a line for each cell and method."""
    rows = [["variants", "kind", "n", "method", "photos", "psnr", "psnr_se", "ssim", "ssim_se"]]
    for cell, scores in results.items():
        for method, each in scores.items():
            numbers = [f"{x:.6g}" for name in ("psnr", "ssim") for x in mean_and_error(each[name])]
            variants = "unseen" if cell.unseen else "seen"
            rows.append([variants, cell.kind, cell.n, method, len(each["psnr"]), *numbers])
    return to_csv(rows)


def mean_and_error(values: Sequence[float]) -> tuple[float, float]:
    """The mean and its standard error; an error of 0 for a single value, which tells nothing about it."""
    spread = np.std(values, ddof=1) if len(values) > 1 else 0.0
    return float(np.mean(values)), float(spread / np.sqrt(len(values)))


def to_markdown(rows: Sequence[Sequence[object]]) -> str:
    """A table; the first row is its head."""
    head, *body = [[str(cell) for cell in row] for row in rows]
    lines = [head, ["---"] * len(head), *body]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def to_csv(rows: Sequence[Sequence[object]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _truth_table(cells: Mapping[Cell, Scores], score: str, digits: int) -> str:
    methods = list(next(iter(cells.values())))
    rows = [["kind", "n", *(method.replace("_", " ") for method in methods), "best rule"]]
    if FUSER in methods:
        rows[0].append("gain")
    for cell, scores in cells.items():
        values = [mean_and_error(scores[method][score]) for method in methods]
        best = max(RULES, key=lambda rule: np.mean(scores[rule][score]))
        row = [cell.kind.replace("_", " "), cell.n]
        row += [f"{mean:.{digits}f} ± {error:.{digits}f}" for mean, error in values]
        row.append(best.replace("_", " "))
        if FUSER in methods:
            gains = np.subtract(scores[FUSER][score], scores[best][score])
            mean, error = mean_and_error(gains.tolist())
            row.append(f"{mean:+.{digits}f} ± {error:.{digits}f}")
        rows.append(row)
    return to_markdown(rows)
