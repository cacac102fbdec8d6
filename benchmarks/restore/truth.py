"""Restore photos that were damaged in known ways, and compare with the photos.

Writes truth.md and truth.json below --out. Noise, JPEG quality and scratches are unknown to the restorer, holes are
given; the rules know the strength of the damage, DnCNN its kind.
"""

import argparse
from pathlib import Path

import numpy as np
from tqdm import tqdm

from benchmarks.common.command import count
from benchmarks.common.files import write_json, write_text
from benchmarks.common.photos import Photo, load_squares
from benchmarks.common.tables import mean_and_error, readable, to_markdown
from benchmarks.restore.dncnn import Rival, dncnn
from benchmarks.restore.restorers import add_restorer_options, load_restorer_of
from benchmarks.restore.rules import rules_for
from stylefuse.tasks.restore.cases import CASES, Case, make_case
from stylefuse.tasks.restore.measure import f1, params_for, psnr_in
from stylefuse.tasks.restore.network import Restorer
from stylefuse.tasks.restore.repair import repair

OURS = ("psnr", "noise", "quality", "filled", "f1")


def add_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add_restorer_options(parser)
    add("--photos", type=Path, required=True, help="folder of held-out photos")
    add("--photos-limit", type=count, help="only the first so many photos")
    add("--out", type=Path, required=True, help="folder for the table")
    add("--cases", nargs="*", choices=list(CASES), default=list(CASES), help="kinds of damage; default: all")
    add("--rules", choices=("all", "fast", "none"), default="all", help="fast: without NLM and biharmonic")
    add("--dncnn", type=Path, help="folder with the models of DnCNN, a trained rival for noise and JPEG")
    add("--seed", type=int, default=1, help="of the damage (%(default)s)")


def run(options: argparse.Namespace) -> None:
    restorer = load_restorer_of(options)
    rival = dncnn(options.dncnn) if options.dncnn else None
    photos = load_squares(options.photos, options.photos_limit)
    results = {}
    for name in options.cases:
        results[name] = measure_case(restorer, name, photos, options.rules, options.seed, rival)
        write_json(options.out / "truth.json", results)
        write_text(options.out / "truth.md", table(results, len(photos)))
    print(table(results, len(photos)))


def measure_case(
    restorer: Restorer, name: str, photos: list[Photo], rules: str, seed: int, rival: Rival | None = None
) -> dict[str, dict[str, list[float]]]:
    """`damaged`, `ours`, `rules` and `dncnn`: lists of values, one a photo; of a rule those of its best setting."""
    damaged: list[float] = []
    trained: list[float] = []
    ours: dict[str, list[float]] = {key: [] for key in OURS}
    tried: dict[str, list[list[float]]] = {}
    for index, photo in enumerate(tqdm(photos, desc=name, unit="photo")):
        case = make_case(name, photo.pixels, index, seed)
        damaged.append(psnr_in(case.picture, photo.pixels, case.hole))
        for key, value in _ours(restorer, case, photo.pixels).items():
            ours[key].append(value)
        if rival is not None and (made := rival(case)) is not None:
            trained.append(psnr_in(made, photo.pixels, case.hole))
        if rules == "none":
            continue
        for rule, (settings, _) in rules_for(case, rules == "all").items():
            scores = [psnr_in(setting(case), photo.pixels, case.hole) for setting in settings]
            tried.setdefault(rule, []).append(scores)
    best = {rule: max(np.array(scores).T.tolist(), key=np.mean) for rule, scores in tried.items()}
    return {"damaged": {"psnr": damaged}, "ours": ours, "rules": best, "dncnn": {"psnr": trained}}


def _ours(restorer: Restorer, case: Case, photo: np.ndarray) -> dict[str, float]:
    given = np.zeros(photo.shape[:2], bool) if case.hole is None else case.hole
    made = repair(restorer, case.picture, given, params_for(case))
    if case.hole is not None and not np.array_equal(made.picture[~given], case.picture[~given]):
        raise RuntimeError("a pixel outside the hole was changed")
    return {
        "psnr": psnr_in(made.picture, photo, case.hole),
        "noise": made.seen.noise,
        "quality": 100 * (1 - made.seen.compression),
        "filled": float(made.hole.mean()),
        "f1": f1(made.hole, case.scratched),
    }


def table(results: dict, photos: int) -> str:
    """Markdown: a line for each kind of damage."""
    with_rival = any(each["dncnn"]["psnr"] for each in results.values())
    head = ["damage", "damaged", "best rule", "", "ours", "lead", "σ̂", "quality", "filled %", "F1"]
    rows = [head + ["DnCNN", "lead"] * with_rival]
    for name, each in results.items():
        own = each["ours"]
        row = [readable(name), f"{np.mean(each['damaged']['psnr']):.2f}"]
        if each["rules"]:
            best = max(each["rules"], key=lambda rule: np.mean(each["rules"][rule]))
            row += [f"{np.mean(each['rules'][best]):.2f}", readable(best), f"{np.mean(own['psnr']):.2f}"]
            row.append(_lead(own["psnr"], each["rules"][best]))
        else:
            row += ["", "", f"{np.mean(own['psnr']):.2f}", ""]
        row += [f"{np.mean(own['noise']):.1f}", f"{np.mean(own['quality']):.0f}"]
        row.append(f"{100 * np.mean(own['filled']):.2f}")
        row.append("" if np.isnan(own["f1"]).all() else f"{np.mean(own['f1']):.2f}")
        if each["dncnn"]["psnr"]:
            row += [f"{np.mean(each['dncnn']['psnr']):.2f}", _lead(own["psnr"], each["dncnn"]["psnr"])]
        else:
            row += ["", ""] * with_rival
        rows.append(row)
    return (
        f"# Restoring against a known truth\n\n{photos} photos a line. PSNR in dB, in the hole where one is given, "
        "at most 60. Lead: ours less the best rule, or less DnCNN, photo by photo, ± standard error.\n\n"
        f"{to_markdown(rows)}\n"
    )


def _lead(ours: list[float], other: list[float]) -> str:
    mean, error = mean_and_error(np.subtract(ours, other).tolist())
    return f"{mean:+.2f} ± {error:.2f}"
