"""Explain a restyled picture by maps: how much was changed, what the classifier sees, what the critic believes."""

from collections.abc import Mapping
from functools import cached_property

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from stylefuse.images.differences import moved
from stylefuse.images.io import to_tensor
from stylefuse.networks.classifier import StyleClassifier, load_classifier
from stylefuse.networks.critic import Critic, load_critic
from stylefuse.networks.weights import Weights
from stylefuse.tasks.maps import MapError, Maps
from stylefuse.tasks.task import Networks

CLASSIFIER, CRITIC = "classifier", "critic"
# The networks see a picture with a short side of so many times their training's: as in their smallest crops.
CLOSER = 2


class Explainer:
    """Makes maps with the classifier and the critic of the training, as far as the model has them."""

    def __init__(self, networks: Networks):
        self._weights, self._device, self._lock = networks.weights, networks.device, networks.lock

    def maps(self, photo: Image.Image, result: Image.Image, styles: Mapping[str, float]) -> Maps:
        """The maps of a result.

        Args:
            photo, result: RGB of one size.
            styles: weights by name, which sum to one.

        Returns:
            `moved`: see `images.differences.moved`. `classifier`: what each place adds to the logits of the styles
            above the mean of all logits, as a part of the largest; 0 where it speaks against them. `critic`: the
            sigmoid of how much more the critic takes a patch of the result for a painting of the styles than the same
            patch of the photo: 0.5 where it sees no difference.
        """
        return Maps(
            {
                "moved": lambda: [moved(photo, result)],
                CLASSIFIER: lambda: [self._seen_by_classifier(result, styles)],
                CRITIC: lambda: [self._seen_by_critic(photo, result, styles)],
            }
        )

    def _seen_by_classifier(self, result: Image.Image, styles: Mapping[str, float]) -> np.ndarray:
        network, facts = self._classifier, self._weights[CLASSIFIER].facts
        wanted = self._rows(CLASSIFIER, styles)
        with self._lock, torch.inference_mode():
            x = self._as_seen(result, facts["image_size"])
            parts = network.evidence(network.features(x), wanted - wanted.mean())
            whole = torch.stack([_resized(part, x) for part in parts]).sum(dim=0)
        evidence = whole[0, 0].clamp_min(0).cpu().numpy()
        return evidence / max(float(evidence.max()), 1e-6)

    def _seen_by_critic(
        self, photo: Image.Image, result: Image.Image, styles: Mapping[str, float]
    ) -> np.ndarray:
        network, size = self._critic, self._weights[CRITIC].facts["image_size"]
        wanted = self._rows(CRITIC, styles)[None, :, None, None]
        with self._lock, torch.inference_mode():
            x = torch.cat([self._as_seen(each, size) for each in (photo, result)])
            before, after = (network.patches(x) * wanted).sum(dim=1, keepdim=True)
            surer = _resized((after - before)[None], x).sigmoid()
        return surer[0, 0].cpu().numpy()

    @cached_property
    def _classifier(self) -> StyleClassifier:
        return load_classifier(self._found(CLASSIFIER)).to(self._device)

    @cached_property
    def _critic(self) -> Critic:
        return load_critic(self._found(CRITIC)).to(self._device)

    def _found(self, name: str) -> Weights:
        if name not in self._weights:
            remedy = "train a model with train_style, whose register pipeline includes it"
            raise MapError(f"this model has no {name}: {remedy}", "no_network")
        return self._weights[name]

    def _rows(self, name: str, styles: Mapping[str, float]) -> Tensor:
        """Weights of the styles over the rows of a network."""
        known = self._weights[name].facts["styles"]
        for style in styles:
            if style not in known:
                text = f"the {name} has not learned the style {style}, which was added later"
                raise MapError(f"{text}: choose another style", "unknown_style")
        return torch.tensor([styles.get(style, 0.0) for style in known], device=self._device)

    def _as_seen(self, picture: Image.Image, side: int) -> Tensor:
        """The picture as the networks know pictures: 1×3×h×w, at most `CLOSER` times `side` on its short side."""
        scale = min(1.0, CLOSER * side / min(picture.size))
        size = (max(side // 2, round(picture.width * scale)), max(side // 2, round(picture.height * scale)))
        small = picture if size == picture.size else picture.resize(size, Image.Resampling.BOX)
        return to_tensor(small)[None].to(self._device)


def _resized(part: Tensor, x: Tensor) -> Tensor:
    """A map at the size of x."""
    return F.interpolate(part, size=x.shape[2:], mode="bilinear", align_corners=False)
