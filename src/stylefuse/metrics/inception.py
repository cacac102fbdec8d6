"""Fréchet and kernel distance by torchmetrics: FID and KID on Inception's features, or the same on other features.

Nothing is downloaded: without a file of Inception's weights there is no FID and no KID.
"""

import pickle
import warnings
from pathlib import Path

import torch
from torch import Tensor, nn

from stylefuse._torchvision import load_torchvision

_FILE = "weights-inception-2015-12-05-6726825d.pth (release v0.2.0 of torch-fidelity)"
_REMEDY = f"give the path of {_FILE}, or null to measure with the judge's features only"


class InceptionFeatures(nn.Module):
    """Inception v3's pooled features: N×3×H×W in [-1, 1] → N×2048. Pictures are rounded to 8 bits, as in files."""

    def __init__(self, network: nn.Module):
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        return self.network(((x.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8))


def inception_features(weights_path: str | Path) -> InceptionFeatures:
    """Build the FID Inception of torchmetrics (antialiased resize to 299) from a file on this machine.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is damaged, holds more than tensors, or belongs to another network.
    """
    path = Path(weights_path)
    if not path.is_file():
        raise FileNotFoundError(f"evaluate.inception_weights: there is no file {path}; {_REMEDY}")
    load_torchvision()  # torch-fidelity imports it
    from torchmetrics.image.fid import FrechetInceptionDistance

    try:
        # torch-fidelity unpickles any file; reject files that hold code first.
        torch.load(path, map_location="cpu", weights_only=True, mmap=True)
        metric = FrechetInceptionDistance(feature=2048, feature_extractor_weights_path=str(path))
    except (RuntimeError, EOFError, pickle.UnpicklingError, ValueError, TypeError, AttributeError) as error:
        reason = str(error).strip().split("\n")[0][:200]
        raise ValueError(
            f"evaluate.inception_weights: {path} is damaged or not FID's Inception ({reason}); {_REMEDY}"
        ) from error
    return InceptionFeatures(metric.inception)


def set_distances(fake: Tensor, real: Tensor, seed: int, subsets: int = 50) -> dict[str, float]:
    """Fréchet and kernel distance of N×d and M×d features, computed by torchmetrics in double precision.

    On Inception's features these are FID and KID as others report them: all pictures of both sets, KID as the
    mean over random subsets of at most 100 (never more than a set holds).

    Returns:
        "frechet", "kernel" and "kernel_std" (deviation over the subsets).

    Raises:
        ValueError: a set has fewer than two pictures.
    """
    if min(len(fake), len(real)) < 2:
        raise ValueError("Fréchet and kernel distance need at least two pictures in either set")
    load_torchvision()
    from torchmetrics.image.fid import FrechetInceptionDistance
    from torchmetrics.image.kid import KernelInceptionDistance

    ready = _Ready(fake.shape[1])
    frechet = FrechetInceptionDistance(feature=ready, normalize=True)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Metric `Kernel Inception Distance` will save")
        kernel = KernelInceptionDistance(
            feature=ready, subsets=subsets, subset_size=min(len(fake), len(real), 100), normalize=True
        )
    for metric in (frechet, kernel):
        metric.update(real.double(), real=True)
        metric.update(fake.double(), real=False)
    with torch.random.fork_rng(devices=[]):  # torchmetrics draws the subsets from the global generator
        torch.manual_seed(seed)
        mean, deviation = kernel.compute()
    return {"frechet": float(frechet.compute()), "kernel": float(mean), "kernel_std": float(deviation)}


class _Ready(nn.Module):
    """Passes computed features through, in place of torchmetrics' feature network."""

    def __init__(self, width: int):
        super().__init__()
        self.num_features = width

    def forward(self, features: Tensor) -> Tensor:
        return features
