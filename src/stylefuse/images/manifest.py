r"""Read the manifest: which pictures are kept, of which style and split, in which row of the image store.

A row is a file. `path` is its path relative to the folder of photos or of styles, with "/" between names. Bytes that
are not UTF-8 are written `\xNN`, so two files can have the same `path`; their `sha256` differs. `style` is the name of
the style folder in Unicode's normal form C, "photo" for photos, and "" for files beside the style folders.
"""

import hashlib
import re
from collections import Counter

import numpy as np
import pandas as pd

from stylefuse.images.names import printable

COLUMNS = (
    "path",
    "style",
    "width",
    "height",
    "bytes",
    "sha256",
    "phash",
    "split",
    "verdict",
    "reason",
    "trim",
    "row",
)
# The identity style: index 0 everywhere.
PHOTO = "photo"
SPLITS = ("train", "judge", "test")
# Number of reasons in the message on a style with too few pictures, most frequent first.
_MOST_REASONS = 3


def kept(manifest: pd.DataFrame) -> pd.DataFrame:
    """Return the rows whose picture is in the image store."""
    return manifest[manifest["verdict"] == "ok"]


def style_names(manifest: pd.DataFrame) -> list[str]:
    """Return the styles in index order: "photo" first, then the others alphabetically."""
    return [PHOTO, *sorted(set(kept(manifest)["style"]) - {PHOTO})]


def require_usable(manifest: pd.DataFrame) -> None:
    """Check that the photos and each style have a picture in each split.

    Raises:
        ValueError: the message names each style without, and why its files are not used.
    """
    faults = [_fault(manifest[manifest["style"] == style]) for style in all_styles(manifest)]
    if faults := [fault for fault in faults if fault]:
        raise ValueError(
            "there are too few usable pictures:\n  "
            + "\n  ".join(faults)
            + f"\nEach style, and the photos, need {len(SPLITS)} at the very least; 20 or more make sense. Add "
            "pictures, then run `kedro run --pipelines ingest`: its data report gives the reason for each file"
        )


def all_styles(manifest: pd.DataFrame) -> list[str]:
    """Return "photo", then the styles alphabetically, also those without a kept picture."""
    return [PHOTO, *sorted(set(manifest["style"]) - {PHOTO, ""})]


def _fault(rows: pd.DataFrame) -> str:
    """Return what is missing for the photos or for one style; "" if nothing is."""
    ok = kept(rows)
    empty = [split for split in SPLITS if split not in set(ok["split"])]
    if not empty:
        return ""
    style = rows["style"].iloc[0] if len(rows) else PHOTO
    name = "the photos" if style == PHOTO else f"style {style!r}"
    fault = f"{name}: {len(ok)} usable of {len(rows)} files"
    if len(ok) >= len(SPLITS):
        fault += f", and none in the split {' and '.join(empty)}"
    return "; ".join([fault, *_reasons(rows[rows["verdict"] != "ok"])])


def _reasons(rows: pd.DataFrame) -> list[str]:
    """Return the most frequent reasons, each with its count and an example, and the count of the others."""
    kinds = ["repeats" if row.verdict == "duplicate" else _kind(row.reason) for row in rows.itertuples()]
    every = Counter(kinds).most_common()
    lines = []
    for kind, count in every[:_MOST_REASONS]:
        first = rows.iloc[kinds.index(kind)]
        lines.append(f"{count} × {first['reason']}, e.g. {printable(first['path'])}")
    rest = sum(count for _, count in every[_MOST_REASONS:])
    return [*lines, f"{rest} × other reasons"] if rest else lines


def _kind(reason: str) -> str:
    """Return what reasons of one kind have in common: all but numbers and details in parentheses."""
    return re.sub(r"\(.*\)|[\d.]+", "#", reason)


def rows_of(manifest: pd.DataFrame, style: str, split: str) -> np.ndarray:
    """Return the image store's rows of a style's split, ascending, int64.

    Raises:
        ValueError: the manifest holds no picture of this style and split.
    """
    ok = kept(manifest)
    rows = ok.loc[(ok["style"] == style) & (ok["split"] == split), "row"].to_numpy(np.int64)
    if not len(rows):
        known = style_names(manifest)
        raise ValueError(f"the manifest holds no {split} picture of style {style!r}: it has {known}")
    return np.sort(rows)


def pixels_hash(manifest: pd.DataFrame, index: bytes) -> str:
    """Return a sha256 over the training data as stored: the kept pictures in the store's order, and their sizes.

    Unlike `data_hash` it changes with the stored size and with the order of rows, to which samplers in checkpoints
    refer.

    Args:
        index: content of the image store's index.
    """
    lines = _lines(kept(manifest).sort_values("row"))
    return hashlib.sha256("\n".join(lines).encode() + index).hexdigest()


def rows_hash(manifest: pd.DataFrame) -> str:
    """Return a sha256 over the picture, and its cut margins, in each row of the image store."""
    rows = kept(manifest).sort_values("row")[["row", "sha256", "trim"]]
    lines = (f"{row}\t{sha256}\t{trim}" for row, sha256, trim in rows.itertuples(index=False))
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def data_hash(manifest: pd.DataFrame) -> str:
    """Return a sha256 over style, content, split and cut margins of each kept picture.

    Renaming files, or adding files that are not kept, does not change it.
    """
    return hashlib.sha256("\n".join(sorted(_lines(kept(manifest)))).encode()).hexdigest()


def _lines(rows: pd.DataFrame) -> list[str]:
    """Return style, content, split and cut margins of each row as text."""
    columns = ["style", "sha256", "split", "trim"]
    return ["\t".join(row) for row in rows[columns].itertuples(index=False)]
