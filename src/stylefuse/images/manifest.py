"""What the manifest's rows mean to those who learn from them."""

import hashlib

import numpy as np
import pandas as pd

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


def kept(manifest: pd.DataFrame) -> pd.DataFrame:
    """Return the rows whose picture is in the image store."""
    return manifest[manifest["verdict"] == "ok"]


def style_names(manifest: pd.DataFrame) -> list[str]:
    """Return the styles in index order: "photo" first, then the others alphabetically."""
    return [PHOTO, *sorted(set(kept(manifest)["style"]) - {PHOTO})]


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
    """Return a sha256 over what a training draws from: the kept pictures in the store's order, and their sizes.

    Unlike `data_hash` it changes with the size they are stored at and with the order of rows, which the
    samplers of a checkpoint count in.

    Args:
        index: content of the image store's index.
    """
    lines = _lines(kept(manifest).sort_values("row"))
    return hashlib.sha256("\n".join(lines).encode() + index).hexdigest()


def rows_hash(manifest: pd.DataFrame) -> str:
    """Return a sha256 over which picture, cut how, stands in which row of the image store."""
    rows = kept(manifest).sort_values("row")[["row", "sha256", "trim"]]
    lines = (f"{row}\t{sha256}\t{trim}" for row, sha256, trim in rows.itertuples(index=False))
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def data_hash(manifest: pd.DataFrame) -> str:
    """Return a sha256 over what can be learned from.

    That is each kept picture's style, content, split and cut margins. Renaming files, or adding files
    that are not kept, does not change it.
    """
    return hashlib.sha256("\n".join(sorted(_lines(kept(manifest)))).encode()).hexdigest()


def _lines(rows: pd.DataFrame) -> list[str]:
    """What there is to learn from in each row, as text."""
    columns = ["style", "sha256", "split", "trim"]
    return ["\t".join(row) for row in rows[columns].itertuples(index=False)]
