"""Headline numbers and warnings of an evaluation, the table on the screen, and flat names for the tracker."""

import math
import re
from collections.abc import Sequence
from typing import Any

# Warn when the judge recognises less than this share of the real paintings.
TRUSTED_JUDGE = 0.6
# Warn when the judge takes more than this share of the untouched photos for the style.
UNTOUCHED = 0.3
# Warn below this number of pictures in a set: the standard deviation of a share is then above 15 %.
FEW = 10
# Warn when the variance of restyled photos over that of paintings is below this.
COLLAPSED = 0.2

VIEWING = (
    "size: short side at which photos are restyled; view: to which the results are reduced. strokes, spectrum: 0 = the "
    "untouched photos in this view, 1 = the paintings. Where paintings are enlarged for a view, both are only "
    "indications. edges 1:1: correlation with the photo's edges in the busiest place, unreduced."
)
_WITHOUT_INCEPTION = "not computed: evaluate.inception_weights names no file"
WITHOUT_INCEPTION = {"fid": _WITHOUT_INCEPTION, "kid": _WITHOUT_INCEPTION}
NOT_COMPUTED = {
    "lpips": "not computed: its weights are not part of this project",
    "dino_structure": "not computed: its weights are not part of this project",
}


def summarise(measured: dict[str, Any]) -> dict[str, float | None]:
    """Means over the styles of the headline numbers; None where no style has the number.

    "score" is that of the sliced Wasserstein distance on the judge's features, which needs fewest pictures.
    "strokes_viewed" and "judge_viewed" are the lowest of all sizes, in the smallest view: larger ones may show more
    pixels than the paintings have.
    """
    styles = list(measured["styles"].values())

    def mean(*path: str) -> float | None:
        values = [v for v in (_dig(style, path) for style in styles) if v is not None]
        return sum(values) / len(values) if values else None

    return {
        "judge_accuracy_fakes": mean("judge", "accuracy_fakes"),
        "judge_accuracy_paintings": mean("judge", "accuracy_paintings"),
        "judge_accuracy_untouched_photos": mean("judge", "accuracy_photos"),
        "score": mean("distances", "sw_judge", "score"),
        "score_kid_judge": mean("distances", "kid_judge", "score"),
        "score_frechet_judge": mean("distances", "frechet_judge", "score"),
        "ssim": mean("content", "ssim"),
        "edge_correlation": mean("content", "edge_correlation"),
        "patch_retrieval": mean("content", "patch_retrieval"),
        "identity_psnr": measured["identity"]["psnr"],
        "truth_psnr": mean("truth", "psnr"),
        "truth_psnr_untouched": mean("truth", "psnr_untouched"),
        "classifier_gap_to_judge": mean("classifier", "gap_to_judge"),
        "strokes_viewed": _lowest(measured.get("viewing", ()), "strokes", "score"),
        "judge_viewed": _lowest(measured.get("viewing", ()), "judge", "accuracy_fakes"),
    }


def warnings_of(measured: dict[str, Any]) -> list[str]:
    """Return sentences on numbers that should be read with care: small sets, a judge that errs, collapse."""
    notes = []
    for style, m in measured["styles"].items():
        known = m["judge"]["accuracy_paintings"]
        if known < TRUSTED_JUDGE:
            notes.append(
                f"{style}: the judge recognises only {percent(known)} of the real held-out paintings; "
                "so its accuracy on restyled photos means little. Add paintings, or train the judge longer"
            )
        floor = m["judge"]["accuracy_photos"]
        if floor > UNTOUCHED:
            notes.append(
                f"{style}: the judge already assigns {percent(floor)} of the untouched photos to it; "
                "compare its accuracy on restyled photos with that share"
            )
        n = m["distances"]["sw_judge"]["n"]
        if n < FEW:
            notes.append(f"{style}: distances compare {n} pictures with {n} and vary a lot. Add paintings")
        ratio = measured["not_collapsed"]["variance_ratio"][style]
        if ratio is not None and ratio < COLLAPSED:
            notes.append(
                f"{style}: restyled photos vary {ratio:.2f} times as much as the paintings: they look alike"
            )
    return notes


def table(evaluation: dict[str, Any]) -> str:
    """Return the evaluation as aligned text: one row a style, then what the columns mean."""
    header: tuple[str, ...] = (
        "style",
        "judge",
        "paintings",
        "photos",
        "score",
        "90 %",
        "KID score",
        "Fréchet score",
    )
    header += ("SSIM", "edges", "patches", "truth dB", "untouched")
    rows = [header]
    for style, m in evaluation["styles"].items():
        d, c, t = m["distances"], m["content"], m["truth"]
        low, high = d["sw_judge"]["score_low"], d["sw_judge"]["score_high"]
        rows.append(
            (
                style,
                *(percent(m["judge"][f"accuracy_{name}"]) for name in ("fakes", "paintings", "photos")),
                number(d["sw_judge"]["score"]),
                "–" if low is None else f"{low:.2f}…{high:.2f}",
                number(d["kid_judge"]["score"]),
                number(d["frechet_judge"]["score"]),
                *(number(c[name]) for name in ("ssim", "edge_correlation", "patch_retrieval")),
                number(t.get("psnr"), 1),
                number(t.get("psnr_untouched"), 1),
            )
        )
    lines = _aligned(rows)
    about = evaluation["about"]
    lines += [
        "",
        f"{about['photos']} held-out photos at {about['image_size']} px.",
        "judge: share of restyled photos that an independent classifier puts in the style; beside it, of "
        "real paintings and of untouched photos.",
        "score: 0 = as far from the paintings as untouched photos, 1 = as close as one half of the paintings "
        "to the other.",
        "SSIM, edges, patches: content kept, 1 = all. truth: PSNR to the known painting, beside the floor.",
        f"identity style: {number(evaluation['identity']['psnr'], 1)} dB PSNR to the photo.",
    ]
    if viewed := viewing_rows(evaluation["viewing"]):
        lines += ["", *_aligned([tuple(viewed[0]), *(tuple(row.values()) for row in viewed)]), "", VIEWING]
    return "\n".join(lines)


def flat(evaluation: dict[str, Any], prefix: str = "evaluate") -> dict[str, float]:
    """Return the numbers of a nested evaluation by dotted names that a tracker accepts.

    Example: "evaluate.styles.monet.content.ssim". Other characters than letters, digits, "_", " " and "-" become "_".
    """
    found: dict[str, float] = {}
    for name, value in evaluation.items():
        key = f"{prefix}.{re.sub(r'[^A-Za-z0-9_ -]', '_', str(name))}"
        if isinstance(value, dict):
            found |= flat(value, key)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            found[key] = float(value)
    return found


def plain(value: Any) -> Any:
    """Return a nested value with NaN and infinity, which JSON cannot write, replaced by None.

    Metrics give None and a reason themselves where there is no number; this is the last check before the file.
    """
    if isinstance(value, dict):
        return {name: plain(v) for name, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _aligned(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Return lines of aligned columns, the first to the left, with a rule below the first row."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = [
        "  ".join(cell.ljust(w) if i == 0 else cell.rjust(w) for i, (cell, w) in enumerate(zip(row, widths)))  # noqa: B905
        for row in rows
    ]
    return [lines[0], "-" * len(lines[0]), *lines[1:]]


def viewing_rows(viewing: Sequence[dict[str, Any]]) -> list[dict[str, str]]:
    """Return the table of what is seen at viewing size: a row a cell of `measure_views`, text by heading."""
    rows = []
    for cell in viewing:
        judge, patches = cell["judge"], cell.get("patches")
        row = {
            "style": cell["style"],
            "view": f"{cell['view']} px",
            "size": f"{cell['size']} px",
            "judge": percent(judge["accuracy_fakes"]),
            "probability": number(judge["probability_fakes"]),
            "paintings": percent(judge["accuracy_paintings"]),
            **({"patch judge": percent(patches["accuracy_fakes"])} if patches else {}),
            "strokes": number(cell["strokes"]["score"]),
            "spectrum": number(cell["spectrum"]["score"]),
            "SSIM": number(cell["ssim"]),
            "edges 1:1": number(cell["edges"]),
            "photos (enlarged)": f"{cell['photos']} ({cell['photos_enlarged']})",
            "paintings (enlarged)": f"{cell['paintings']} ({cell['paintings_enlarged']})",
        }
        rows.append(row)
    return rows


def number(value: float | None, digits: int = 2) -> str:
    """Format a number; "–" for None."""
    return "–" if value is None else f"{value:.{digits}f}"


def percent(value: float | None) -> str:
    """Format a share as per cent; "–" for None."""
    return "–" if value is None else f"{100 * value:.0f} %"


def _lowest(viewing: Sequence[dict[str, Any]], *path: str) -> float | None:
    """Mean over styles of a number's lowest value over sizes, in the smallest view; None where it is unknown."""
    view = min((cell["view"] for cell in viewing), default=None)
    by_style: dict[str, list[float | None]] = {}
    for cell in viewing:
        if cell["view"] == view:
            by_style.setdefault(cell["style"], []).append(_dig(cell, path))
    known = [[v for v in values if v is not None] for values in by_style.values()]
    return sum(map(min, known)) / len(known) if known and all(known) else None


def _dig(value: Any, path: tuple[str, ...]) -> float | None:
    """Follow a path of keys into nested mappings; None where a key is missing."""
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value
