"""Load the networks of an evaluation: the generator, and the judge, classifier and Inception that measure it."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from stylefuse.evaluation.restyled import in_batches
from stylefuse.metrics.inception import inception_features
from stylefuse.networks.classifier import load_classifier
from stylefuse.networks.generator import Generator, load_generator
from stylefuse.networks.judge import Judge, load_judge
from stylefuse.networks.weights import Weights


@dataclass(frozen=True)
class Networks:
    """The generator and the networks that measure it; all on `device`, in eval mode.

    styles: names of the generator's rows, "photo" first.
    judge_classes, classifier_classes: index of each of `styles` among the classes of the judge and of the classifier.
    inception: None where FID and KID are not measured.
    """

    generator: Generator
    judge: Judge
    classifier: nn.Module
    styles: list[str]
    judge_classes: list[int]
    classifier_classes: list[int]
    device: torch.device
    inception: nn.Module | None = None


def load_networks(
    generator: Weights,
    judge: Weights,
    classifier: Weights,
    inception_weights: str | None = None,
) -> Networks:
    """Build the networks, on the GPU where there is one.

    Args:
        inception_weights: path of FID's Inception weights, or None.

    Raises:
        ValueError: the judge or the classifier does not know one of the generator's styles.
        FileNotFoundError: there is no file of Inception weights at the path.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    styles = list(generator.facts["styles"])
    inception = inception_features(inception_weights) if inception_weights else None
    return Networks(
        load_generator(generator).to(device),
        load_judge(judge).to(device),
        load_classifier(classifier).to(device),
        styles,
        classes_of(styles, judge.facts["styles"], "judge"),
        classes_of(styles, classifier.facts["styles"], "classifier"),
        device,
        inception.to(device) if inception else None,
    )


def classes_of(styles: Sequence[str], known: Sequence[str], who: str) -> list[int]:
    """Return the index of each style among the classes of a network.

    Args:
        styles: of the generator.
        known: styles of the network, in the order of its classes.
        who: the network's name, for the error message.

    Raises:
        ValueError: the network does not know one of the styles.
    """
    strange = [style for style in styles if style not in known]
    if strange:
        raise ValueError(
            f"the {who} does not know the generator's style {', '.join(strange)} (it knows "
            f"{', '.join(known)}): train both on the same pictures, with "
            "`kedro run --pipelines pretrain_classifier,train_hybrid`"
        )
    return [list(known).index(style) for style in styles]


def restyle(networks: Networks, photos: Tensor, mix: dict[int, float], batch_size: int) -> Tensor:
    """Return G(photos, s) for one mix of styles, N×3×H×W in [-1, 1] on the CPU.

    Args:
        mix: row of the generator → weight; the weights sum to one.
    """
    row = torch.zeros(1, len(networks.styles), device=networks.device)
    for index, weight in mix.items():
        row[0, index] = weight
    return in_batches(
        lambda x: networks.generator(x, row.expand(len(x), -1)).clamp(-1, 1),
        photos,
        batch_size,
        networks.device,
    )


def precision(device: torch.device) -> str:
    """Precision of convolutions on a device: cuDNN rounds the factors to TF32 unless that is switched off."""
    return "tf32" if device.type == "cuda" and torch.backends.cudnn.allow_tf32 else "fp32"
