"""Measure whether more strength means more style; prints JSON, a line a style.

"rising" is the share of photos whose distance from the untouched photo grows with every step of strength: in pixels
(root mean square), and in style (Euclidean distance between means and deviations of the classifier's maps,
standardised by its own batch norm).
"""

import argparse
import itertools
import json
from collections.abc import Sequence
from pathlib import Path

import torch

from benchmarks.common.command import count
from benchmarks.common.models import load_stylizer
from benchmarks.common.photos import picture_files
from stylefuse.images.io import decode, to_tensor
from stylefuse.networks.classifier import load_classifier, pooled_moments
from stylefuse.networks.weights import read_weights
from stylefuse.tasks.stylize.params import StylizeParams

STRENGTHS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


def add_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("generator", type=Path, help="weights of the generator")
    add("classifier", type=Path, help="weights of the classifier")
    add("folder", type=Path, help="folder of photos")
    add("count", type=count, nargs="?", help="photos to use, spread over the folder; default: all")


@torch.inference_mode()
def run(options: argparse.Namespace) -> None:
    predictor = load_stylizer(options.generator, device="cpu")
    classifier = load_classifier(read_weights(options.classifier))
    files = picture_files(options.folder)
    number = min(options.count or len(files), len(files))
    # Spread over the folder: neighbours may show one scene.
    photos = [decode(files[i * len(files) // number]) for i in range(number)]
    for style in predictor.styles[1:]:
        rising = {"pixels": 0, "style": 0}
        for photo in photos:
            steps = [StylizeParams(style=style, strength=strength) for strength in STRENGTHS]
            x = torch.stack([to_tensor(predictor.restyle(photo, step)) for step in steps])
            seen = classifier.norm(pooled_moments(classifier.features(x)[-3:]))
            rising["pixels"] += rises((x - x[:1]).square().mean((1, 2, 3)).tolist())
            rising["style"] += rises((seen - seen[:1]).square().sum(1).tolist())
        shares = {kind: round(times / number, 3) for kind, times in rising.items()}
        print(json.dumps({"name": style, "photos": number, "rising": shares}), flush=True)


def rises(distances: Sequence[float]) -> bool:
    """Return whether every number is above the one before."""
    return all(before < after for before, after in itertools.pairwise(distances))
