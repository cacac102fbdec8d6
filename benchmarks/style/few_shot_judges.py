"""Several judges of few pictures: single ones differ by ten points, so the mean of their answers is reported.

Statistics of crops are computed once, with and without degradation, and every judge learns from these.
"""

import itertools
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from stylefuse.images.augment import degrade
from stylefuse.images.crops import CropSampler
from stylefuse.images.store import ImageStore, write_store
from stylefuse.networks.judge import Judge, TextureStatistics
from stylefuse.training.schedule import lr_factor

SIDE, CROPS, SEEDS = 128, 800, (11, 12)
STEPS, BATCH, RATE = 120, 64, 3e-3


class Judges:
    """Four judges: two seeds, each with and without degraded pictures.

    Args:
        folder: for decoded pictures.
        groups: pictures of each class, H×W×3 uint8; the last class is the new style.
    """

    def __init__(self, folder: Path, groups: Sequence[Sequence[np.ndarray]]):
        random, noise = np.random.default_rng(3), torch.Generator().manual_seed(3)
        plain, degraded = [], []
        for index, group in enumerate(groups):
            write_store(folder / str(index), group)
            store = ImageStore(folder / str(index))
            x = CropSampler(store, np.arange(len(group)), SIDE, 0.8, random).draw(CROPS)
            plain.append(statistics(x))
            degraded.append(torch.cat([plain[-1], statistics(degrade(x, noise))]))
        self.judges = [fitted(g, seed) for g, seed in itertools.product((plain, degraded), SEEDS)]

    def named(self, pictures: Tensor) -> list[float]:
        """How often each judge names the new style of pictures, N×3×128×128 in [-1, 1]."""
        known = statistics(pictures)
        last = self.judges[0].head.out_features - 1
        return [float((j.classify(known).argmax(1) == last).float().mean()) for j in self.judges]


@torch.inference_mode()
def statistics(pictures: Tensor) -> Tensor:
    """The judges' input, N×D."""
    measure = TextureStatistics()
    return torch.cat([measure(batch) for batch in pictures.split(32)]).clone()


def fitted(groups: Sequence[Tensor], seed: int) -> Judge:
    """Train a judge on statistics of each class, N×D."""
    torch.manual_seed(seed)
    judge = Judge(len(groups))
    optimiser = torch.optim.AdamW(judge.parameters(), lr=RATE, betas=(0.9, 0.99), weight_decay=1e-2)
    for step in range(STEPS):
        optimiser.param_groups[0]["lr"] = RATE * lr_factor(step, STEPS, 0.3)
        label = torch.arange(BATCH) % len(groups)
        x = torch.stack([groups[c][torch.randint(len(groups[c]), ())] for c in label])
        loss = F.cross_entropy(judge.classify(x), label, label_smoothing=0.1)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return judge.eval().requires_grad_(False)
