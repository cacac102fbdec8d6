"""The style classifier C: names the style of a picture (photo or one of K styles) and gives its features."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from stylefuse.networks.blocks import instance_moments
from stylefuse.networks.features import EfficientNetLite0, SmallBackbone, imagenet_efficientnet
from stylefuse.networks.weights import Weights

# Added to variances.
EPS = 1e-6


class StyleClassifier(nn.Module):
    """A backbone and a linear head on mean and deviation of its maps, which describe texture but not place.

    Args:
        classes: K + 1, photo first.
        backbone: turns N×3×H×W in [-1, 1] into a list of N×C×h×w maps, with their widths as `channels`.
    """

    def __init__(self, classes: int, backbone: EfficientNetLite0 | SmallBackbone):
        super().__init__()
        self.backbone = backbone
        width = 2 * sum(backbone.channels[-3:])
        self.norm = nn.BatchNorm1d(width)
        self.head = nn.Linear(width, classes)

    @property
    def frozen_backbone(self) -> bool:
        """Whether only the head is trained: ImageNet features are not."""
        return isinstance(self.backbone, EfficientNetLite0)

    def features(self, x: Tensor) -> list[Tensor]:
        """Feature maps φ_l(x), finest first, of x: N×3×H×W in [-1, 1]."""
        return self.backbone(x)

    def classify(self, features: list[Tensor]) -> Tensor:
        """Logits N×(K+1) of the maps that `features` returns."""
        return self.head(self.norm(pooled_moments(features[-3:])))

    def forward(self, x: Tensor) -> Tensor:
        """Logits N×(K+1) of x: N×3×H×W in [-1, 1]."""
        return self.classify(self.features(x))

    def evidence(self, features: list[Tensor], classes: Tensor) -> list[Tensor]:
        """What each place adds to a sum of logits: the class activation map, exact for this head.

        The head is linear in means and deviations of the maps. A deviation is the mean of (f - mean)² / deviation, so
        each logit is a mean over places. Grad-CAM (Selvaraju et al. 2017), which averages gradients over places, would
        lose the deviations: their gradients add up to zero.

        Args:
            features: maps that `features` returns.
            classes: weights of the logits, K + 1.

        Returns:
            A map N×1×h×w of each of the last three; their means add up to the sum of logits without its bias.
        """
        norm: Any = self.norm
        gain = norm.weight / (norm.running_var + norm.eps).sqrt()
        weights = ((classes @ self.head.weight) * gain)[None, :, None, None]
        maps = []
        for f in features[-3:]:
            of_mean, of_deviation, weights = weights.tensor_split((f.shape[1], 2 * f.shape[1]), dim=1)
            mean, inverse = instance_moments(f, eps=EPS)
            local = of_mean * f + of_deviation * ((f - mean).square() + EPS) * inverse
            maps.append(local.sum(dim=1, keepdim=True))
        return maps


def pooled_moments(features: Sequence[Tensor]) -> Tensor:
    """Return mean and deviation over height and width of every channel of every map: N×2ΣC, float32."""
    parts = []
    for f in features:
        mean, inverse = instance_moments(f, eps=EPS)
        parts += [mean.flatten(1), inverse.reciprocal().flatten(1)]
    return torch.cat(parts, dim=1)


def build_classifier(classes: int, imagenet: bool) -> StyleClassifier:
    """Build an untrained classifier, on frozen ImageNet features or from scratch.

    Raises:
        FileNotFoundError: `imagenet` without the package that carries the weights.
    """
    return StyleClassifier(classes, imagenet_efficientnet() if imagenet else SmallBackbone())


def pack_classifier(classifier: StyleClassifier, styles: Sequence[str], **facts: Any) -> Weights:
    """Return the classifier's weights, backbone included, with `facts` about it."""
    own = {"kind": "classifier", "imagenet": classifier.frozen_backbone, "styles": list(styles)}
    return Weights(dict(classifier.state_dict()), {**own, **facts})


def load_classifier(weights: Weights) -> StyleClassifier:
    """Build the packed classifier, frozen and in eval mode.

    Raises:
        ValueError: the weights are of another kind of network.
    """
    weights.require("classifier")
    backbone = EfficientNetLite0() if weights.facts["imagenet"] else SmallBackbone()
    classifier = StyleClassifier(len(weights.facts["styles"]), backbone)
    classifier.load_state_dict(weights.tensors)
    return classifier.eval().requires_grad_(False)
