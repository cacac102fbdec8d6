"""The patch judge: a classifier of styles by small patches of luma, which recolouring a photo does not mislead."""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks.common.progress import Progress
from benchmarks.style.data import Data
from stylefuse.evaluation.restyled import in_batches
from stylefuse.images.manifest import rows_of
from stylefuse.metrics import classification
from stylefuse.metrics.patches import luma_patches
from stylefuse.networks.judge import Judge
from stylefuse.networks.weights import Weights, read_weights, write_weights
from stylefuse.training.classifier import fit_classifier

SIDE = 48  # px of a patch
PATCHES = 8  # a picture
SEED = 5  # of the patches' places, in training and in judging


class PatchJudge(nn.Module):
    """The judge's architecture on patches of 48 px, each enlarged twice: its coarsest wavelets need 64 px."""

    def __init__(self, classes: int):
        super().__init__()
        self.judge = Judge(classes)
        self.places = torch.Generator().manual_seed(SEED)

    def forward(self, x: Tensor) -> Tensor:
        """Logits N×(K+1) of one random patch of each picture, N×3×H×W in [-1, 1], H, W ≥ 48."""
        return self.of_patches(luma_patches(x, SIDE, 1, self.places))

    def of_patches(self, patches: Tensor) -> Tensor:
        """Logits N×(K+1) of patches as `luma_patches` gives them."""
        return self.judge(F.interpolate(patches, scale_factor=2, mode="bilinear"))

    def log_probabilities(self, x: Tensor) -> Tensor:
        """Return mean log probabilities over patches, N×(K+1); the places depend only on the number of pictures."""
        patches = luma_patches(x, SIDE, PATCHES, torch.Generator().manual_seed(SEED))
        return self.of_patches(patches).log_softmax(dim=1).unflatten(0, (len(x), PATCHES)).mean(dim=1)


def patch_judge(data: Data, path: Path) -> PatchJudge:
    """Read the patch judge from `path`, or train it on the judge's pictures with the judge's options and write it.

    Raises:
        ValueError: the one at `path` was trained on other pictures or with other options.
    """
    facts = {"kind": "patch_judge", "data": data.version, "options": data.judge_training.fingerprinted()}
    network = PatchJudge(len(data.styles)).to(data.device)
    if path.exists():
        weights = read_weights(path)
        if weights.facts != facts:
            raise ValueError(f"{path} was trained on other pictures or with other options: use another --out")
        network.load_state_dict(weights.tensors)
    else:
        train_patch_judge(network, data)
        write_weights(path, Weights(dict(network.state_dict()), facts))
    return network.eval().requires_grad_(False)


def train_patch_judge(network: PatchJudge, data: Data) -> None:
    """Train the network in place."""
    options = data.judge_training
    rows = [rows_of(data.manifest, style, "judge") for style in data.styles]
    with Progress("patch judge", options.images, "img") as progress:
        fit_classifier(
            network, data.store, rows, options, lambda seen, loss: progress.step(seen, {"loss": loss})
        )


def judged_by_patches(network: PatchJudge, data: Data, style: int, sets: dict[str, Tensor]) -> dict[str, Any]:
    """Return accuracy and mean log probability of a style for each set of pictures, as "accuracy_<set>" and so on."""
    results = {}
    for name, pictures in sets.items():
        seen = in_batches(network.log_probabilities, pictures, data.evaluation.batch_size, data.device)
        results[f"accuracy_{name}"] = classification.accuracy(seen, style)
        results[f"log_probability_{name}"] = float(seen[:, style].mean())
    return results
