"""Load the restorer that is measured."""

import argparse
from pathlib import Path
from typing import cast

from stylefuse.networks.weights import read_weights
from stylefuse.serving.bundle import GENERATOR, Bundle
from stylefuse.tasks.restore.head import RESTORER
from stylefuse.tasks.restore.network import Restorer


def add_restorer_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--generator", type=Path, required=True, help="weights of the generator")
    parser.add_argument("--restorer", type=Path, required=True, help="weights of the restorer")


def bundle_of(options: argparse.Namespace) -> Bundle:
    """Raises FileNotFoundError or ValueError where a file is missing, damaged, or of another encoder."""
    weights = {GENERATOR: read_weights(options.generator), RESTORER.weights: read_weights(options.restorer)}
    return Bundle(weights, "cpu")


def load_restorer_of(options: argparse.Namespace) -> Restorer:
    return cast(Restorer, bundle_of(options).head(RESTORER.weights))
