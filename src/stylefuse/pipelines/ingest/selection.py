"""Decide what becomes of each picture: its split, and whether it repeats another."""

from collections.abc import Sequence

import pandas as pd

from stylefuse.images.duplicates import HASH_BITS, first_alike
from stylefuse.images.manifest import COLUMNS, PHOTO, SPLITS, kept
from stylefuse.pipelines.ingest.inspection import Found, Inspected
from stylefuse.pipelines.ingest.options import IngestOptions

# Of two alike pictures the one that fewer may learn from is kept. So a new file can take a picture out of
# training, never out of the test, and what was once held out is not learned from later.
_KEPT_FIRST = ("test", "judge", "train")


def split_of(sha256: str, options: IngestOptions) -> str:
    """Return "test", "judge" or "train" from a file's content alone, so that adding files moves no other."""
    position = int(sha256[:8], 16) / 2**32
    if position < options.test_share:
        return "test"
    return "judge" if position < options.test_share + options.judge_share else "train"


def make_manifest(found: Sequence[Found], looks: Sequence[Inspected], options: IngestOptions) -> pd.DataFrame:
    """Build the manifest: one row a file, in the order given; `row` counts the kept ones.

    Raises:
        ValueError: a style, or the photos, would have an empty split.
    """
    table = pd.DataFrame([_row(f, look) for f, look in zip(found, looks, strict=True)], columns=list(COLUMNS))
    _drop_repeats(table, looks, options)
    ok = table["verdict"] == "ok"
    table.loc[ok, "split"] = [split_of(sha, options) for sha in table.loc[ok, "sha256"]]
    table.loc[ok, "row"] = range(int(ok.sum()))
    _check_splits(table)
    return table


def _row(found: Found, look: Inspected) -> dict:
    decoded = look.phash is not None
    return {
        "path": found.path,
        "style": found.style,
        "width": look.width,
        "height": look.height,
        "bytes": look.bytes,
        "sha256": look.sha256,
        "phash": f"{look.phash:0{HASH_BITS // 4}x}" if decoded else "",
        "split": "",
        "verdict": "ok" if decoded else "quarantined",
        "reason": look.reason,
        "trim": ",".join(map(str, look.margins)) if any(look.margins) else "",
        "row": -1,
    }


def _drop_repeats(table: pd.DataFrame, looks: Sequence[Inspected], options: IngestOptions) -> None:
    decoded = [i for i, look in enumerate(looks) if look.phash is not None]
    # By content, not by name: renaming a file changes nothing. The path only tells equal files apart.
    rank = {i: _KEPT_FIRST.index(split_of(looks[i].sha256, options)) for i in decoded}
    decoded.sort(key=lambda i: (rank[i], looks[i].sha256, table.at[i, "style"], table.at[i, "path"]))
    repeats = first_alike([looks[i].phash for i in decoded], options.duplicate_distance)
    for i, first in zip(decoded, repeats, strict=True):
        if first < 0:
            continue
        other = table.loc[decoded[first]]
        how = "the same file as" if other["sha256"] == table.at[i, "sha256"] else "looks like"
        table.loc[i, ["verdict", "reason"]] = ["duplicate", f"{how} {other['style']}: {other['path']}"]


def _check_splits(table: pd.DataFrame) -> None:
    ok = kept(table)
    for style in sorted(set(table["style"]) - {""}, key=lambda s: (s != PHOTO, s)):
        counts = {split: int(((ok["style"] == style) & (ok["split"] == split)).sum()) for split in SPLITS}
        empty = [split for split, count in counts.items() if not count]
        if empty:
            name = "the photos" if style == PHOTO else f"style {style!r}"
            dropped = int((table["style"] == style).sum()) - sum(counts.values())
            raise ValueError(
                f"{name}: {sum(counts.values())} usable pictures ({dropped} dropped) leave the split "
                f"{' and '.join(empty)} empty ({counts}). Add pictures (20 or more are wanted), or change "
                "test_share and judge_share in parameters_ingest.yml"
            )
