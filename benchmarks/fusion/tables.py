"""Tables of the truth part and of the real part, as Markdown and CSV."""

from collections.abc import Mapping

import numpy as np

from benchmarks.common.tables import mean_and_error, readable, to_csv, to_markdown
from benchmarks.fusion.cells import Cell
from benchmarks.fusion.kept_scores import Scores
from benchmarks.fusion.methods import FUSER
from benchmarks.fusion.scores import BEST_PSNR
from stylefuse.metrics import fusion
from stylefuse.tasks.fuse.rules import RULES


def truth_tables(results: Mapping[Cell, Scores]) -> str:
    """Markdown: PSNR and SSIM of every method, one table for unseen and one for seen variants."""
    photos = {len(each["psnr"]) for scores in results.values() for each in scores.values()}
    parts = [
        "# Fusion against a known truth\n\n"
        f"{'/'.join(map(str, sorted(photos)))} photos a line. Mean ± standard error of the mean, over photos. "
        "Best input: the input closest to the truth; it is no method, because choosing it needs the truth. "
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


def _truth_table(cells: Mapping[Cell, Scores], score: str, digits: int) -> str:
    methods = list(next(iter(cells.values())))
    rows = [["kind", "n", *(readable(method) for method in methods), "best rule"]]
    if FUSER in methods:
        rows[0].append("gain")
    for cell, scores in cells.items():
        values = [mean_and_error(scores[method][score]) for method in methods]
        best = max(RULES, key=lambda rule: np.mean(scores[rule][score]))
        row = [readable(cell.kind), cell.n]
        row += [f"{mean:.{digits}f} ± {error:.{digits}f}" for mean, error in values]
        row.append(readable(best))
        if FUSER in methods:
            gains = np.subtract(scores[FUSER][score], scores[best][score])
            mean, error = mean_and_error(gains.tolist())
            row.append(f"{mean:+.{digits}f} ± {error:.{digits}f}")
        rows.append(row)
    return to_markdown(rows)


def real_tables(results: Mapping[str, Scores]) -> str:
    """Markdown: means over the sets of each folder, and the sum of ranks."""
    parts = [
        "# Fusion of real sets\n\n"
        "There is no truth here, and a trivial rule can win any single metric. "
        f"Rank sum: ranks by {', '.join(fusion.BASKET)}, added; {len(fusion.BASKET)} is the best possible. "
        "It compares the methods of one table and means nothing beyond it."
    ]
    for folder, scores in results.items():
        means, ranks = _means(scores)
        metrics = list(next(iter(means.values())))
        rows = [["method", "rank sum", *(m.replace("_", "-") for m in metrics)]]
        for method, each in means.items():
            row = [readable(method), f"{ranks[method]:g}"]
            rows.append(row + [f"{each[metric]:.3f}" for metric in metrics])
        count = len(next(iter(next(iter(scores.values())).values())))
        parts.append(f"## {readable(folder)}, {count} sets\n\n{to_markdown(rows)}")
    return "\n\n".join(parts) + "\n"


def real_csv(results: Mapping[str, Scores]) -> str:
    """CSV: a line for each folder and method."""
    rows = []
    for folder, scores in results.items():
        means, ranks = _means(scores)
        for method, each in means.items():
            if not rows:
                rows.append(["folder", "method", "sets", "rank_sum", *each])
            count = len(next(iter(scores[method].values())))
            rows.append([folder, method, count, ranks[method], *(f"{x:.6g}" for x in each.values())])
    return to_csv(rows)


def _means(scores: Scores) -> tuple[dict[str, dict[str, float]], dict[str, float]]:
    """Return method → metric → mean over sets, and method → rank sum."""
    means = {
        method: {metric: float(np.mean(values)) for metric, values in each.items()}
        for method, each in scores.items()
    }
    return means, fusion.rank_sums(means)
