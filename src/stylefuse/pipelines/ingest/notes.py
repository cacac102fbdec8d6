"""Warn about data that is allowed but likely to give worse results: for the log and the data report."""

import unicodedata
from collections import defaultdict

import numpy as np
import pandas as pd

from stylefuse.images.manifest import PHOTO, SPLITS, all_styles, kept
from stylefuse.pipelines.folders import printable
from stylefuse.pipelines.ingest.options import IngestOptions

# Warn if the 95th percentile of a style's short sides is more than this many times the 5th: when all pictures are
# scaled to one size, their brush strokes differ by as much.
_MIXED_SCALES = 3.0
# Warn if a split of a style has fewer pictures than this: about half of what the default shares give of a hundred
# pictures, which are enough. A share measured on ten pictures has a standard deviation of 16 %, and the baseline of
# distances compares two halves of the test pictures.
_FEW = {"train": 25, "judge": 12, "test": 10}
# Warn if a larger share of a style's files counts as duplicates. Collections of reproductions have a few in a hundred;
# pictures with little content, such as handwritten digits, have similar hashes though they differ.
_MANY_ALIKE = 0.2


def warnings_of(manifest: pd.DataFrame, options: IngestOptions) -> list[str]:
    """List warnings: few pictures, mixed scales, small pictures, quarantined files, similar names."""
    notes = []
    for style in all_styles(manifest):
        notes += _style_warnings(style, manifest[manifest["style"] == style], options)
    loose = int((manifest["style"] == "").sum())
    if loose:
        notes.append(f"{loose} files lie beside the style folders and belong to no style")
    twofold = _across_styles(manifest)
    if twofold:
        notes.append(f"{twofold} pictures stand in two styles; each stays in one")
    return notes + _similar_names(manifest)


def short_sides(rows: pd.DataFrame) -> np.ndarray:
    """Return the short side of each picture after trimming, in pixels of the file."""
    cuts = np.array([[int(n) for n in (t or "0,0,0,0").split(",")] for t in rows["trim"]]).reshape(-1, 4)
    width = rows["width"].to_numpy() - cuts[:, 0] - cuts[:, 2]
    return np.minimum(width, rows["height"].to_numpy() - cuts[:, 1] - cuts[:, 3])


def _style_warnings(style: str, every: pd.DataFrame, options: IngestOptions) -> list[str]:
    notes = []
    ok = kept(every)
    if len(ok) < options.warn_below:
        notes.append(f"{style}: {len(ok)} pictures are few: add some, {options.warn_below} or more")
    if few := _few_in_a_split(style, ok):
        notes.append(few)
    if len(ok):
        sides = short_sides(ok)
        low, high = np.percentile(sides, (5, 95))
        if high > _MIXED_SCALES * low:
            notes.append(f"{style}: mixed scales, short sides from {low:.0f} to {high:.0f} pixels")
        if small := int((sides < options.short_side).sum()):
            notes.append(_too_small(style, small, len(ok), options.short_side))
    if lost := int((every["verdict"] == "quarantined").sum()):
        notes.append(f"{style}: {lost} files are quarantined; the data report gives each one's reason")
    if (alike := int(every["reason"].str.startswith("looks like").sum())) > _MANY_ALIKE * len(every):
        notes.append(
            f"{style}: {alike} of {len(every)} files are left out because they look like another; if they are other "
            f"pictures, lower ingest.duplicate_distance ({options.duplicate_distance} now)"
        )
    return notes


def _too_small(style: str, small: int, count: int, short_side: int) -> str:
    what = "detail" if style == PHOTO else "brush strokes"
    return (
        f"{style}: {small} of {count} pictures have a short side below {short_side} px, which is ingest.short_side: "
        f"close-ups of them show no fine {what}, so none can be learned from them; use larger "
        f"{'photos' if style == PHOTO else 'reproductions'}"
    )


def _few_in_a_split(style: str, ok: pd.DataFrame) -> str:
    """Warn about splits with too few pictures; "" if there are none, or too few pictures for three splits."""
    counts = {split: int((ok["split"] == split).sum()) for split in SPLITS}
    if not all(counts.values()) or all(counts[split] >= least for split, least in _FEW.items()):
        return ""
    what = "photo" if style == PHOTO else "painting"
    parts = []
    if (test := counts["test"]) < _FEW["test"]:
        parts.append(f"{test} test {what}{'s' * (test != 1)} of {len(ok)}: its numbers will mean little")
    if (judge := counts["judge"]) < _FEW["judge"]:
        parts.append(f"the judge learns from {judge}")
    if (train := counts["train"]) < _FEW["train"]:
        parts.append(f"the generator learns from {train}")
    wanted = ", ".join(
        f"{least} or more in {split}" for split, least in _FEW.items() if counts[split] < least
    )
    return f"{style}: {'; '.join(parts)} (wanted: {wanted}). Add {what}s"


def _across_styles(manifest: pd.DataFrame) -> int:
    """Count duplicates whose kept copy is in another style; the reason names it as "… <style>: <path>"."""
    repeats = manifest[manifest["verdict"] == "duplicate"]
    return sum(f" {r.style}: " not in r.reason for r in repeats.itertuples())


def _similar_names(manifest: pd.DataFrame) -> list[str]:
    """Warn about folders whose names differ only in Unicode form, and about styles with easily confused names."""
    folders: dict[str, set[str]] = defaultdict(set)
    styles: dict[str, list[str]] = defaultdict(list)
    for row in manifest[~manifest["style"].isin(("", PHOTO))].itertuples():
        folders[row.style].add(row.path.partition("/")[0])
    for style in sorted(folders):
        styles[unicodedata.normalize("NFKC", style).casefold().strip()].append(style)
    notes = [
        f"{style}: {len(names)} folders bear this name in different Unicode forms "
        f"({', '.join(map(ascii, sorted(names)))}); they are one style"
        for style, names in sorted(folders.items())
        if len(names) > 1
    ]
    return notes + [
        f"the styles {' and '.join(repr(printable(name)) for name in names)} differ in capitals, spaces or forms of "
        "letters alone: rename one, or put both into one folder"
        for names in styles.values()
        if len(names) > 1
    ]
