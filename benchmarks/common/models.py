"""Trained networks from their files of weights."""

from pathlib import Path

from stylefuse.networks.weights import read_weights
from stylefuse.serving.bundle import Bundle


def load_bundle(generator: Path, fuser: Path | None = None, device: str | None = None) -> Bundle:
    """Load a generator, and a fuser that uses its encoder.

    Args:
        device: by default the first GPU, if there is one.

    Raises:
        FileNotFoundError, ValueError: a file is missing or damaged, or the fuser is of another encoder.
    """
    weights = {"generator": read_weights(generator)}
    if fuser is not None:
        weights["fuser"] = read_weights(fuser)
    return Bundle(weights, device)
