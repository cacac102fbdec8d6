"""The report of finished runs, as Markdown."""

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.common.tables import to_markdown

# Goals of the project: share of the judge's accuracy on real paintings, score, SSIM.
JUDGE_SHARE, SCORE, SSIM = 0.9, 0.6, 0.6

# Heading, path of the number in the measurements of a style, and digits; "%" for a share.
COLUMNS: list[tuple[str, tuple[str, ...], int | str]] = [
    ("judge", ("judge", "accuracy_fakes"), "%"),
    ("on paintings", ("judge", "accuracy_paintings"), "%"),
    ("on photos", ("judge", "accuracy_photos"), "%"),
    ("patch judge", ("patches", "accuracy_fakes"), "%"),
    ("on paintings", ("patches", "accuracy_paintings"), "%"),
    ("on photos", ("patches", "accuracy_photos"), "%"),
    ("score", ("distances", "sw_judge", "score"), 2),
    ("from", ("distances", "sw_judge", "score_low"), 2),
    ("to", ("distances", "sw_judge", "score_high"), 2),
    ("KID score", ("distances", "kid_judge", "score"), 2),
    ("Fréchet score", ("distances", "frechet_judge", "score"), 2),
    ("spectrum score", ("brush", "spectrum", "score"), 2),
    ("stroke score", ("brush", "strokes", "score"), 2),
    ("SSIM", ("content", "ssim"), 2),
    ("edges", ("content", "edge_correlation"), 2),
    ("truth dB", ("truth", "psnr"), 1),
    ("truth SSIM", ("truth", "ssim"), 2),
]
RUN_COLUMNS: list[tuple[str, tuple[str, ...], float, int]] = [  # heading, place, unit, digits
    ("images/s", ("training", "images_per_second"), 1, 1),
    ("images", ("training", "images"), 1, 0),
    ("minutes", ("training", "minutes"), 1, 1),
    ("parameters, M", ("cost", "parameters"), 1e6, 2),
    ("GMACs", ("cost", "gmacs"), 1, 2),
]
FAULTS: list[tuple[str, str, int | str]] = [  # heading, name, digits
    ("frame", "frame", 2),
    ("margins", "margins", 2),
    ("streaks", "streaks", 2),
    ("repetition", "repetition", 2),
    ("dots", "dots", 1),
    ("strong colours", "strong_colours", "%"),
    ("hues", "hues", 2),
    ("colour kept", "colour_kept", 2),
    ("at ends", "at_ends", "%"),
    ("busy squares", "busy", "%"),
    ("flat squares", "flat", "%"),
    ("C's lead", "classifier_lead", "%"),
]
Run = Mapping[str, Any]


def report(runs: Sequence[Run]) -> str:
    """Return all tables; see `main_table`, `faults_table` and `style_table`."""
    first = runs[0]["settings"]
    length = f"{first['minutes']:g} minutes" if first["minutes"] else f"{first['images']} images"
    parts = [
        "# Styles",
        f"{length} of training a recipe and seed, {first['photos']} held-out photos at {first['image_size']} px. "
        f"Means over {len(first['styles'])} styles and over seeds; the number of seeds stands beside the name.",
        main_table(runs),
        "judge: share of restyled photos that an independent classifier assigns to the style, beside its share of "
        "real paintings and of untouched photos. patch judge: the same of patches of luma without tone and colour. "
        "score: 0 = as far from the paintings as untouched photos, 1 = as close as one half of the paintings to "
        "the other, by sliced Wasserstein distance on the judge's features (from, to: 90 %), and by others. "
        "spectrum, stroke: the same by statistics of luma without tone. SSIM, edges: content kept, 1 = all. "
        "truth: against the known painting of the photo. parameters: of all networks that serve all styles. GMACs: of "
        "one picture of 128×128 px.",
        goals(runs),
        "## Known faults",
        faults_table(runs),
        "Beside each number stand those of photos and of paintings. frame: how much the outermost pixels differ from "
        "the next, 1 = no frame. margins: step of luma from beside a margin or corner to it that the photo does not "
        "have, in deviations. streaks: fine contrast of margins over that of the interior, relative to the photo. "
        "dots: fine colour in flat places. strong colours: pixels with more chroma than 95 % of the paintings', in "
        "the tenth most colourful picture. hues: their variety between pictures, 0 = all have one. colour kept: share "
        "of the colours' variance that the photo explains. repetition: how alike the texture of flat places is to "
        "itself a few pixels away. at ends: pixels with a channel at an end of its range. busy, flat squares: share of "
        "pictures whose busiest and flattest square the patch judge assigns to the style. C's lead: C's accuracy less "
        "the judge's.",
        "## By style and seed",
        style_table(runs),
    ]
    return "\n\n".join(parts) + "\n"


def main_table(runs: Sequence[Run]) -> str:
    """Return a row a recipe, means over styles and seeds."""
    rows = [["recipe", *(name for name, *_ in COLUMNS), *(name for name, *_ in RUN_COLUMNS)]]
    for recipe, group in by_recipe(runs).items():
        cells = [_shown(mean_of(group, path), digits) for _, path, digits in COLUMNS]
        for _, path, unit, digits in RUN_COLUMNS:
            mean = _mean([_number_at(run, path) for run in group])
            cells.append(_shown(None if mean is None else mean / unit, digits))
        rows.append([f"{recipe} ({len(group)})", *cells])
    return to_markdown(rows)


def faults_table(runs: Sequence[Run]) -> str:
    """Return a row a recipe: restyled photos, photos, paintings; means over styles and seeds."""
    rows = [["recipe", *(title for title, *_ in FAULTS)]]
    for recipe, group in by_recipe(runs).items():
        cells = [
            ", ".join(
                _shown(mean_of(group, ("faults", fault, of)), digits)
                for of in ("fakes", "photos", "paintings")
            )
            for _, fault, digits in FAULTS
        ]
        rows.append([recipe, *cells])
    return to_markdown(rows)


def style_table(runs: Sequence[Run]) -> str:
    """Return a row for each recipe, seed and style."""
    rows = [["recipe", "seed", "style", *(name for name, *_ in COLUMNS)]]
    for run in runs:
        for style, measured in run["measured"].items():
            cells = [_shown(_number_at(measured, path), digits) for _, path, digits in COLUMNS]
            rows.append([run["recipe"], run["seed"], style, *cells])
    return to_markdown(rows)


def goals(runs: Sequence[Run]) -> str:
    """Return the goals, and for each recipe those it misses."""
    lines = [
        f"Goals: judge at least {JUDGE_SHARE:g} of its share of real paintings, score at least {SCORE:g}, SSIM at "
        f"least {SSIM:g}, each as a mean over styles."
    ]
    for recipe, group in by_recipe(runs).items():
        fakes, paintings, score, ssim = (
            mean_of(group, path)
            for path in (
                ("judge", "accuracy_fakes"),
                ("judge", "accuracy_paintings"),
                ("distances", "sw_judge", "score"),
                ("content", "ssim"),
            )
        )
        met = {
            "judge": fakes >= JUDGE_SHARE * paintings,
            "score": score is not None and score >= SCORE,
            "SSIM": ssim >= SSIM,
        }
        missed = [name for name, reached in met.items() if not reached]
        lines.append(f"- {recipe}: {'all reached' if not missed else 'not reached: ' + ', '.join(missed)}")
    return "\n".join(lines)


def by_recipe(runs: Sequence[Run]) -> dict[str, list[Run]]:
    """Return runs grouped by recipe, in the order in which recipes first appear."""
    groups: dict[str, list[Run]] = {}
    for run in runs:
        groups.setdefault(run["recipe"], []).append(run)
    return groups


def mean_of(runs: Sequence[Run], path: tuple[str, ...]) -> float | None:
    """Return the mean of a measured number over styles and runs; None where no run has it."""
    return _mean([_number_at(measured, path) for run in runs for measured in run["measured"].values()])


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _number_at(value: Any, path: tuple[str, ...]) -> float | None:
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _shown(value: float | None, digits: int | str) -> str:
    if value is None:
        return "–"
    return f"{100 * value:.0f} %" if digits == "%" else f"{value:.{digits}f}"
