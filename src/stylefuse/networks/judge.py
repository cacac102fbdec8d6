"""The judge J: an independent style classifier for evaluation only. G and C never get a gradient from it."""

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from stylefuse.images.luma import batch_luma
from stylefuse.networks.weights import Weights

_ORIENTATIONS = 6


class TextureStatistics(nn.Module):
    """Fixed statistics of strokes and colours, N×3×H×W → N×D, without learned weights.

    Gabor energies of luma and chroma over scales and orientations, their modulation (second-order scattering,
    Bruna & Mallat 2013), quantiles of each plane, and a soft chroma histogram.
    """

    def __init__(self, luma_scales: int = 4, chroma_scales: int = 2):
        super().__init__()
        self.scales = (luma_scales, chroma_scales, chroma_scales)
        self.bank: Tensor
        self.centres: Tensor
        self.register_buffer("bank", _gabor_bank(), persistent=False)
        axis = torch.linspace(-0.3, 0.3, 5)
        self.register_buffer("centres", torch.cartesian_prod(axis, axis), persistent=False)
        with torch.no_grad():
            self.width = self(torch.zeros(1, 3, 64, 64)).shape[1]

    def forward(self, x: Tensor) -> Tensor:
        rgb = (x.float() + 1) / 2
        luma = batch_luma(rgb)
        chroma = F.avg_pool2d(torch.cat([rgb[:, 2:] - luma, rgb[:, :1] - luma], dim=1), 2)
        statistics = [self._palette(chroma)]
        for plane, scales in zip((luma, chroma[:, :1], chroma[:, 1:]), self.scales, strict=True):
            statistics += _tone(plane)
            for scale in range(scales):
                statistics += self._texture(F.avg_pool2d(plane, 2**scale), second_order=scales > 2)
        return torch.cat(statistics, dim=1)

    def _energies(self, plane: Tensor) -> Tensor:
        responses = F.conv2d(F.pad(plane, (4,) * 4, mode="replicate"), self.bank)
        return (responses[:, ::2].square() + responses[:, 1::2].square() + 1e-8).sqrt()

    def _texture(self, plane: Tensor, second_order: bool) -> list[Tensor]:
        energies = self._energies(plane)
        mean, deviation = energies.mean(dim=(2, 3)), energies.std(dim=(2, 3))
        log = torch.log(mean + 1e-4)
        level = log.mean(dim=1, keepdim=True)
        # Orientations are sorted: how strongly strokes share a direction counts, the direction itself does not.
        statistics = [level, log.sort(dim=1).values - level, torch.log(deviation / (mean + 1e-4) + 1e-4)]
        if second_order:
            envelope = F.avg_pool2d(energies.sum(dim=1, keepdim=True), 2)
            unit = envelope.mean(dim=(2, 3)) + 1e-4
            for _ in range(2):
                modulation = self._energies(envelope)
                for moment in (modulation.mean(dim=(2, 3)), modulation.std(dim=(2, 3))):
                    statistics.append(torch.log(moment.mean(dim=1, keepdim=True) / unit + 1e-4))
                envelope = F.avg_pool2d(envelope, 2)
        return statistics

    def _palette(self, chroma: Tensor) -> Tensor:
        pixels = F.avg_pool2d(chroma, 4).flatten(2).transpose(1, 2)
        distance = (pixels[:, :, None] - self.centres).square().sum(dim=3)
        return torch.softmax(-distance / 0.01, dim=2).mean(dim=1).sqrt()


class Judge(nn.Module):
    """A small perceptron on texture statistics.

    C uses learned ImageNet features and J fixed wavelets, so a picture that was fitted to C does not therefore fool J.
    J has few weights, so the quarter of the paintings that is kept for it is enough to train it.
    """

    embedding = 64

    def __init__(self, classes: int):
        super().__init__()
        self.statistics = TextureStatistics()
        self.norm = nn.BatchNorm1d(self.statistics.width, affine=False)
        self.hidden = nn.Linear(self.statistics.width, self.embedding)
        self.head = nn.Linear(self.embedding, classes)

    def embed(self, x: Tensor) -> Tensor:
        """Penultimate features N×64 of x: N×3×H×W in [-1, 1], H, W ≥ 64.

        Raises:
            ValueError: x is smaller than the coarsest wavelets.
        """
        if min(x.shape[2:]) < 64:
            raise ValueError(f"the judge needs pictures of 64 px or more, not {x.shape[2]}×{x.shape[3]}")
        with torch.no_grad():
            statistics = self.statistics(x)
        return self._embed(statistics)

    def forward(self, x: Tensor) -> Tensor:
        """Logits N×(K+1) of x: N×3×H×W in [-1, 1], H, W ≥ 64."""
        return self._logits(self.embed(x))

    def classify(self, statistics: Tensor) -> Tensor:
        """Logits N×(K+1) of N×width `TextureStatistics`, which need not be computed again for each judge."""
        return self._logits(self._embed(statistics))

    def _embed(self, statistics: Tensor) -> Tensor:
        return F.gelu(self.hidden(F.dropout(self.norm(statistics), 0.2, self.training)))

    def _logits(self, embedded: Tensor) -> Tensor:
        return self.head(F.dropout(embedded, 0.3, self.training))


def _gabor_bank(size: int = 9, sigma: float = 1.6, frequency: float = 2.0) -> Tensor:
    """Return Gabor filters 2·6×1×9×9: an even one (of zero mean) and an odd one for each orientation in turn."""
    axis = torch.arange(size, dtype=torch.float32) - size // 2
    y, x = torch.meshgrid(axis, axis, indexing="ij")
    filters = []
    for angle in (math.pi * i / _ORIENTATIONS for i in range(_ORIENTATIONS)):
        along, across = x * math.cos(angle) + y * math.sin(angle), y * math.cos(angle) - x * math.sin(angle)
        envelope = torch.exp(-(along.square() + 0.5 * across.square()) / (2 * sigma**2))
        envelope /= envelope.sum()
        even, odd = envelope * torch.cos(frequency * along), envelope * torch.sin(frequency * along)
        filters += [even - envelope * even.sum(), odd]
    return torch.stack(filters)[:, None]


def _tone(plane: Tensor) -> list[Tensor]:
    """Mean, deviation and five quantiles of a plane N×1×H×W; the quantiles of means over 4×4 pixels."""
    levels = F.avg_pool2d(plane, 4).flatten(1).sort(dim=1).values
    at = [round(q * (levels.shape[1] - 1)) for q in (0.05, 0.25, 0.5, 0.75, 0.95)]
    return [plane.mean(dim=(2, 3)), plane.std(dim=(2, 3)), levels[:, at]]


def pack_judge(judge: Judge, styles: Sequence[str], **facts: Any) -> Weights:
    """Return the judge's weights with `facts` about it."""
    return Weights(dict(judge.state_dict()), {"kind": "judge", "styles": list(styles), **facts})


def load_judge(weights: Weights) -> Judge:
    """Build the packed judge, frozen and in eval mode.

    Raises:
        ValueError: the weights are of another kind of network.
    """
    weights.require("judge")
    judge = Judge(len(weights.facts["styles"]))
    judge.load_state_dict(weights.tensors)
    return judge.eval().requires_grad_(False)
