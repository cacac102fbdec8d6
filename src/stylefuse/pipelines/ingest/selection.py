"""Assign pictures to splits, drop duplicates, and build the manifest."""

from collections.abc import Sequence

import pandas as pd

from stylefuse.images.duplicates import HASH_BITS, first_alike
from stylefuse.images.manifest import COLUMNS, SPLITS
from stylefuse.pipelines.folders import printable
from stylefuse.pipelines.ingest.finding import Found
from stylefuse.pipelines.ingest.inspection import Inspected
from stylefuse.pipelines.ingest.options import IngestOptions

# Of two similar pictures, the one in the split that comes first here is kept. So a new file can remove a picture from
# training, never from the test, and a picture that was once held out is not trained on later (`splits_of` names
# the exception).
_KEPT_FIRST = ("test", "judge", "train")


def split_of(sha256: str, options: IngestOptions) -> str:
    """Return "test", "judge" or "train", from the hash of a file alone: adding files moves no other file."""
    position = int(sha256[:8], 16) / 2**32
    if position < options.test_share:
        return "test"
    return "judge" if position < options.test_share + options.judge_share else "train"


def splits_of(sha256s: Sequence[str], options: IngestOptions) -> list[str]:
    """Return the split of each kept picture of one style: `split_of`, but without empty splits.

    In a small style a split may be empty by chance (1 time in 70 with 20 pictures). Then one picture is moved there:
    from "train" if it has two, else from "judge", else from "test"; the picture with the nearest hash is taken. With
    fewer than three pictures nothing is moved.

    Adding files moves only pictures that were moved before. A moved picture returns to its own split when another
    picture falls into the empty one, and is replaced by a picture with a nearer hash. So a picture that was held out
    because it was moved may be trained on after files were added. A picture that was held out by its own hash stays
    held out: "test" gives a picture only in styles where no other split has two. Duplicates never end up in two
    splits: only one of them is kept in all splits together.
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


def make_manifest(
    found: Sequence[Found], inspected: Sequence[Inspected], options: IngestOptions
) -> pd.DataFrame:
    """Build the manifest: one row per file, in the given order; `row` numbers the kept pictures.

    A style may be without a usable picture: `stylefuse.images.manifest.require_usable` refuses such a manifest.
    """
    rows = [_row(file, result) for file, result in zip(found, inspected, strict=True)]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    _drop_duplicates(table, inspected, options)
    ok = table["verdict"] == "ok"
    for _, group in table[ok].groupby("style"):
        table.loc[group.index, "split"] = splits_of(group["sha256"].tolist(), options)
    table.loc[ok, "row"] = range(int(ok.sum()))
    return table


def _row(found: Found, result: Inspected) -> dict[str, object]:
    return {
        "path": found.path,
        "style": found.style,
        "width": result.width,
        "height": result.height,
        "bytes": result.bytes,
        "sha256": result.sha256,
        "phash": f"{result.phash:0{HASH_BITS // 4}x}" if result.phash is not None else "",
        "split": "",
        "verdict": "ok" if result.phash is not None else "quarantined",
        "reason": result.reason,
        "trim": ",".join(map(str, result.margins)) if any(result.margins) else "",
        "row": -1,
    }


def _drop_duplicates(table: pd.DataFrame, inspected: Sequence[Inspected], options: IngestOptions) -> None:
    """Mark duplicates in the table, with the picture that is kept as the reason."""
    hashes = {i: each.phash for i, each in enumerate(inspected) if each.phash is not None}
    # Sorted by content, not by name: renaming a file changes nothing. The path only orders equal files.
    rank = {i: _KEPT_FIRST.index(split_of(inspected[i].sha256, options)) for i in hashes}
    decoded = sorted(
        hashes, key=lambda i: (rank[i], inspected[i].sha256, table.at[i, "style"], table.at[i, "path"])
    )
    repeats = first_alike([hashes[i] for i in decoded], options.duplicate_distance)
    for i, first in zip(decoded, repeats, strict=True):
        if first < 0:
            continue
        other = table.loc[decoded[first]]
        how = "the same file as" if other["sha256"] == table.at[i, "sha256"] else "looks like"
        table.loc[i, ["verdict", "reason"]] = [
            "duplicate",
            f"{how} {other['style']}: {printable(other['path'])}",
        ]
