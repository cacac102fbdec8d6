"""Confusion matrices of classifiers on held-out pictures."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from torch import nn

from stylefuse.images.crops import centre_crops
from stylefuse.images.manifest import rows_of
from stylefuse.images.store import ImageStore
from stylefuse.training.classifier import predict


def confusion_of(
    network: nn.Module, store: ImageStore, manifest: pd.DataFrame, styles: Sequence[str], size: int
) -> np.ndarray:
    """Count held-out pictures by true style (row) and predicted style (column)."""
    counts = np.zeros((len(styles), len(styles)), np.int64)
    for i, style in enumerate(styles):
        pictures = centre_crops(store, rows_of(manifest, style, "test"), size)
        predicted = predict(network, pictures).argmax(dim=1).numpy()
        counts[i] = np.bincount(predicted, minlength=len(styles))
    return counts


def draw_confusion(counts: np.ndarray, styles: Sequence[str], title: str, path: Path) -> None:
    """Draw the matrix into a PNG: shares as colour, counts as text."""
    # Not pyplot: it has global state and looks for a display.
    from matplotlib.figure import Figure

    share = counts / counts.sum(axis=1, keepdims=True)
    side = 1.6 + 0.9 * len(styles)
    figure = Figure(figsize=(side + 0.6, side), dpi=110, layout="constrained")
    axes = figure.subplots()
    axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
    axes.set_xticks(range(len(styles)), styles, rotation=30, ha="right")
    axes.set_yticks(range(len(styles)), styles)
    axes.set(xlabel="predicted", ylabel="true", title=title)
    for row, column in np.ndindex(*counts.shape):
        colour = "white" if share[row, column] > 0.5 else "black"
        text = f"{share[row, column]:.0%}\n{counts[row, column]}"
        axes.text(column, row, text, ha="center", va="center", color=colour, fontsize=9)
    figure.savefig(path)
