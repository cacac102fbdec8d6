"""A whole training with the new style among the others: what adding a style saves, and what it costs."""

import itertools
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from stylefuse.images.store import ImageStore, write_store
from stylefuse.networks.classifier import build_classifier
from stylefuse.networks.generator import Generator
from stylefuse.tasks.stylize.options import HybridOptions
from stylefuse.tasks.stylize.training import HybridTraining
from stylefuse.training.classifier import fit_classifier
from stylefuse.training.options import ClassifierOptions
from stylefuse.training.trainer import Trainer


def train_whole(folder: Path, groups: Sequence[Sequence[np.ndarray]], images: int) -> Generator:
    """Train classifier and generator from scratch on photos and on paintings of all styles.

    Args:
        folder: for decoded pictures.
        groups: pictures of each row, H×W×3 uint8: photos first.
    """
    write_store(folder, itertools.chain(*groups))
    ends = np.cumsum([0, *map(len, groups)])
    rows = [np.arange(a, b) for a, b in itertools.pairwise(ends)]
    store = ImageStore(folder)
    torch.manual_seed(ClassifierOptions().seed)
    classifier = build_classifier(len(groups), imagenet=True)
    fit_classifier(classifier, store, rows, ClassifierOptions(device="cpu"))
    options = replace(HybridOptions(), images=images, sample_every=10**9)
    training = HybridTraining(store, rows, classifier.eval().requires_grad_(False), options)
    Trainer("retraining").train(lambda: training, options)
    return training.ema.eval()
