"""Trained networks from their files of weights."""

from pathlib import Path

from stylefuse.networks.weights import read_weights
from stylefuse.serving.bundle import GENERATOR, Bundle
from stylefuse.tasks.stylize.predictor import StylizePredictor
from stylefuse.tasks.stylize.reviser_head import REVISER


def load_stylizer(generator: Path, device: str | None = None, alone: bool = False) -> StylizePredictor:
    """Load a generator as it is served: with the reviser beside it, if there is one.

    Args:
        device: by default the first GPU, if there is one.
        alone: leave the reviser out.

    Raises:
        FileNotFoundError, ValueError: a file is missing or damaged, or the reviser is of another generator.
    """
    weights = {GENERATOR: read_weights(generator)}
    reviser = generator.with_name(f"{REVISER.weights}.safetensors")
    if reviser.is_file() and not alone:
        weights[REVISER.weights] = read_weights(reviser)
    predictor = Bundle(weights, device).predictor("stylize")
    assert isinstance(predictor, StylizePredictor)
    return predictor


def load_bundle(generator: Path, fuser: Path | None = None, device: str | None = None) -> Bundle:
    """Load a generator, and a fuser that uses its encoder.

    Args:
        device: by default the first GPU, if there is one.

    Raises:
        FileNotFoundError, ValueError: a file is missing or damaged, or the fuser is of another encoder.
    """
    weights = {GENERATOR: read_weights(generator)}
    if fuser is not None:
        weights["fuser"] = read_weights(fuser)
    return Bundle(weights, device)
