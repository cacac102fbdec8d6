"""What the benchmark compares: the classical rules, a rival network and the fuser, all as functions of arrays."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from benchmarks.common.command import positive
from benchmarks.common.files import hash_of
from benchmarks.common.models import load_bundle
from benchmarks.common.photos import training_crops
from benchmarks.common.progress import Progress
from benchmarks.fusion.scores import to_levels
from benchmarks.rivals.ifcnn import IFCNN, train_ifcnn
from stylefuse.networks.weights import Weights, read_weights, write_weights
from stylefuse.tasks.fuse import rules as fusion_rules
from stylefuse.tasks.fuse.tiled import fuse_any_size
from stylefuse.training.fingerprint import code_hash

FUSER = "stylefuse"


class Method(NamedTuple):
    """A way to fuse.

    version: changes when results may change; kept scores of another version are measured again.
    fuse: stack n×H×W×3 float32 in [0, 1] → picture H×W×3 in [0, 1].
    """

    name: str
    version: str
    fuse: Callable[[np.ndarray], np.ndarray]


def add_method_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options that say what is compared, and where results are kept."""
    add = parser.add_argument
    add("--out", type=Path, required=True, help="folder for tables, sheets and kept scores")
    add("--generator", type=Path, help="weights of the generator whose encoder the fuser uses")
    add("--fuser", type=Path, help="weights of the fuser; default: only the rules are measured")
    add(
        "--rival-minutes",
        type=positive,
        help="train a network of IFCNN's size for so long, and compare it too",
    )
    add("--train-photos", type=Path, help="photos to train that network on; none of the measured ones")
    add("--seed", type=int, default=0, help="of the synthesised sets and of that network (%(default)s)")
    add("--again", action="store_true", help="measure anew what was measured before")


def methods_of(options: argparse.Namespace, fuser: Callable[[Path, Path], Method]) -> list[Method]:
    """Return the rules, and the rival and the fuser where options name them.

    Args:
        fuser: `fuser_method` or `served_method`.

    Raises:
        ValueError: one of --fuser and --generator is missing, or see `ifcnn_method` and `load_bundle`.
    """
    if (options.fuser is None) != (options.generator is None):
        raise ValueError("--fuser and --generator belong together: give both or neither")
    methods = rules()
    if options.rival_minutes is not None:
        name = f"ifcnn_{options.rival_minutes:g}_minutes_seed_{options.seed}.safetensors"
        file = options.out / "weights" / name
        methods.append(ifcnn_method(file, options.train_photos, options.rival_minutes, options.seed))
    if options.fuser is not None:
        methods.append(fuser(options.generator, options.fuser))
    return methods


def rules() -> list[Method]:
    """Return the classical rules."""
    version = hash_of(Path(fusion_rules.__file__))
    return [Method(name, version, rule) for name, rule in fusion_rules.RULES.items()]


def fuser_method(generator: Path, fuser: Path) -> Method:
    """Return the trained fuser, which guesses the kind of set by itself.

    Raises:
        FileNotFoundError, ValueError: see `load_bundle`.
    """
    network = load_bundle(generator, fuser, device="cpu").head("fuser")
    return Method(FUSER, _version(fuser), _on_arrays(lambda x: network(x).picture))


def served_method(generator: Path, fuser: Path) -> Method:
    """Return the fuser as it is served: 8 bits, and weights of large pictures found at a smaller size.

    Raises:
        FileNotFoundError, ValueError: see `load_bundle`.
    """
    network = load_bundle(generator, fuser, device="cpu").head("fuser")

    def fuse(stack: np.ndarray) -> np.ndarray:
        return fuse_any_size(network, list(to_levels(stack))).picture / np.float32(255)

    return Method(FUSER, f"{_version(fuser)} served", fuse)


def _version(fuser: Path) -> str:
    """Name the weights and the code: fixed rules of the code overrule the network."""
    return f"{hash_of(fuser)} {code_hash(fuse_any_size.__module__)}"


def ifcnn_method(file: Path, photos: Path | None, minutes: float, seed: int) -> Method:
    """Return the network of IFCNN's size. If `file` does not exist, it is trained first and written there.

    Raises:
        ValueError: it is not trained yet, and there are no photos to train it on.
    """
    if not file.exists():
        if photos is None:
            raise ValueError("the rival network is not trained yet: name its photos with --train-photos")
        crops = training_crops(photos, seed)
        with Progress(f"IFCNN, {minutes:g} minutes", 100, "%") as progress:

            def show(step: int, loss: float, share: float) -> None:
                progress.step(int(100 * share), {"step": step, "loss": loss})

            network = train_ifcnn(crops, minutes, seed, show)
        facts = {"kind": "ifcnn", "minutes": minutes, "seed": seed}
        write_weights(file, Weights(dict(network.state_dict()), facts))
    network = IFCNN()
    network.load_state_dict(read_weights(file).tensors)
    return Method("ifcnn", hash_of(file), _on_arrays(network.eval().requires_grad_(False)))


def _on_arrays(network: Callable[[torch.Tensor], torch.Tensor]) -> Callable[[np.ndarray], np.ndarray]:
    """Turn a network of 1×n×3×H×W in [-1, 1] into a function of n×H×W×3 in [0, 1]."""

    @torch.inference_mode()
    def fuse(stack: np.ndarray) -> np.ndarray:
        x = torch.from_numpy(stack).permute(0, 3, 1, 2).contiguous()[None] * 2 - 1
        return network(x)[0].permute(1, 2, 0).add(1).div(2).clamp(0, 1).numpy()

    return fuse
