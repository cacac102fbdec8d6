"""What the fusion benchmark compares: the rules, a rival network, the fuser. All take and return the same arrays."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from fusion_photos import training_crops
from fusion_scores import to_levels
from rivals.ifcnn import IFCNN, train_ifcnn
from tqdm import tqdm

from stylefuse.networks.generator import load_generator
from stylefuse.networks.weights import Weights, read_weights, write_weights
from stylefuse.tasks.fuse import rules as fusion_rules
from stylefuse.tasks.fuse.network import Fuser, load_fuser
from stylefuse.tasks.fuse.tiled import fuse_any_size

FUSER = "stylefuse"


class Method(NamedTuple):
    """A way to fuse.

    version: changes when results may: kept results of another version are computed again.
    fuse: stack n×H×W×3 float32 in [0, 1] → picture H×W×3 in [0, 1].
    """

    name: str
    version: str
    fuse: Callable[[np.ndarray], np.ndarray]


def rules() -> list[Method]:
    """The classical rules."""
    version = hash_of(Path(fusion_rules.__file__))
    return [Method(name, version, rule) for name, rule in fusion_rules.RULES.items()]


def fuser_method(generator: Path, fuser: Path) -> Method:
    """The trained fuser, which guesses by itself what kind of set it gets.

    Raises:
        FileNotFoundError, ValueError: see `read_weights` and `load_fuser`.
    """
    network = _loaded(generator, fuser)
    return Method(FUSER, hash_of(fuser), _on_arrays(lambda x: network(x).picture))


def served_method(generator: Path, fuser: Path) -> Method:
    """The same as it is served: in 8 bits, and large pictures by what is decided at a smaller size.

    Raises:
        FileNotFoundError, ValueError: see `read_weights` and `load_fuser`.
    """
    network = _loaded(generator, fuser)

    def fuse(stack: np.ndarray) -> np.ndarray:
        return fuse_any_size(network, list(to_levels(stack))).picture / np.float32(255)

    return Method(FUSER, f"{hash_of(fuser)} served", fuse)


def _loaded(generator: Path, fuser: Path) -> Fuser:
    weights = read_weights(generator)
    return load_fuser(read_weights(fuser), load_generator(weights), weights.facts["fingerprint"])


def ifcnn_method(file: Path, photos: Path | None, minutes: float, seed: int) -> Method:
    """The network of IFCNN's size; trained for some minutes first, unless `file` holds it already.

    Raises:
        ValueError: it is not trained yet, and there are no photos to train it on.
    """
    if not file.exists():
        if photos is None:
            raise ValueError("the rival network is not trained yet: name its photos with --train-photos")
        with tqdm(total=100, desc=f"IFCNN, {minutes:g} minutes", unit="%") as bar:

            def show(step: int, loss: float, share: float) -> None:
                bar.update(int(100 * share) - bar.n)
                bar.set_postfix(step=step, loss=f"{loss:.4f}")

            network = train_ifcnn(training_crops(photos, seed), minutes, seed, show)
        facts = {"kind": "ifcnn", "minutes": minutes, "seed": seed}
        write_weights(file, Weights(dict(network.state_dict()), facts))
    network = IFCNN()
    network.load_state_dict(read_weights(file).tensors)
    return Method("ifcnn", hash_of(file), _on_arrays(network.eval().requires_grad_(False)))


def hash_of(file: Path) -> str:
    """The first 12 digits of the file's SHA-256."""
    return hashlib.sha256(file.read_bytes()).hexdigest()[:12]


def _on_arrays(network: Callable[[torch.Tensor], torch.Tensor]) -> Callable[[np.ndarray], np.ndarray]:
    """A network of 1×n×3×H×W in [-1, 1] as a method of n×H×W×3 in [0, 1]."""

    @torch.inference_mode()
    def fuse(stack: np.ndarray) -> np.ndarray:
        x = torch.from_numpy(stack).permute(0, 3, 1, 2).contiguous()[None] * 2 - 1
        return network(x)[0].permute(1, 2, 0).add(1).div(2).clamp(0, 1).numpy()

    return fuse
