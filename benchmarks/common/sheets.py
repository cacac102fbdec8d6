"""Which pictures a sheet shows."""

import numpy as np


def evenly_spaced(length: int, most: int) -> list[int]:
    """Return at most `most` indices from 0 to length - 1, evenly spaced: neighbours in a folder are often alike."""
    return np.linspace(0, length - 1, min(most, length)).round().astype(int).tolist()
