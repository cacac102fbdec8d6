"""Decide what becomes of each picture: its split, and whether it repeats another."""

from collections.abc import Sequence

import pandas as pd

from stylefuse.images.duplicates import HASH_BITS, first_alike
from stylefuse.images.manifest import COLUMNS, SPLITS
from stylefuse.pipelines.folders import printable
from stylefuse.pipelines.ingest.finding import Found
from stylefuse.pipelines.ingest.inspection import Inspected
from stylefuse.pipelines.ingest.options import IngestOptions

# Of two alike pictures the one that fewer may learn from is kept. So a new file can take a picture out of
# training, never out of the test, and what was once held out is not learned from later (see `splits_of` for the
# exception).
_KEPT_FIRST = ("test", "judge", "train")


def split_of(sha256: str, options: IngestOptions) -> str:
    """Return "test", "judge" or "train" from a file's content alone, so that adding files moves no other."""
    position = int(sha256[:8], 16) / 2**32
    if position < options.test_share:
        return "test"
    return "judge" if position < options.test_share + options.judge_share else "train"


def splits_of(sha256s: Sequence[str], options: IngestOptions) -> list[str]:
    """Return the split of each kept picture of one style: `split_of`, with no split left empty.

    Chance leaves a split of a small style empty (of 20 pictures once in 70). Then one picture is moved there: from
    "train" if it has two, else from "judge", else from "test"; of that split the picture whose hash lies nearest.
    With fewer than three pictures nothing is moved.

    Adding files moves no picture but a moved one. That goes back to its own split once another picture falls into the
    split that was empty, and it gives its place to a picture whose hash lies nearer. So a picture that was held out
    because it was moved may be learned from after files were added. One that was held out by its own hash stays so:
    "test" gives a picture only in styles where no other split has two. Moving brings no picture and its repeat into two
    splits: of alike pictures one is kept in all splits together.
    """
    splits = [split_of(sha256, options) for sha256 in sha256s]
    if len(splits) < len(SPLITS):
        return splits
    for empty in _KEPT_FIRST:
        if empty in splits:
            continue
        # Of three pictures or more in at most two splits, one split has two.
        giver = next(split for split in reversed(_KEPT_FIRST) if splits.count(split) > 1)
        # The splits lie along the hash in the order of `_KEPT_FIRST`, so the nearest is the first or the last.
        nearest = min if _KEPT_FIRST.index(giver) > _KEPT_FIRST.index(empty) else max
        members = [i for i, split in enumerate(splits) if split == giver]
        splits[nearest(members, key=lambda i: sha256s[i])] = empty
    return splits


def make_manifest(found: Sequence[Found], looks: Sequence[Inspected], options: IngestOptions) -> pd.DataFrame:
    """Build the manifest: one row a file, in the order given; `row` counts the kept ones.

    A style may have no usable picture at all: `stylefuse.images.manifest.require_usable` refuses such a manifest.
    """
    table = pd.DataFrame([_row(f, look) for f, look in zip(found, looks, strict=True)], columns=list(COLUMNS))
    _drop_repeats(table, looks, options)
    ok = table["verdict"] == "ok"
    for _, rows in table[ok].groupby("style"):
        table.loc[rows.index, "split"] = splits_of(rows["sha256"].tolist(), options)
    table.loc[ok, "row"] = range(int(ok.sum()))
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
        table.loc[i, ["verdict", "reason"]] = [
            "duplicate",
            f"{how} {other['style']}: {printable(other['path'])}",
        ]
