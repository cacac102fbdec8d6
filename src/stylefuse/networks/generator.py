"""The generator G(x, s): encodes a picture and repaints it in a mix of styles, as a residual to the input."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from stylefuse.networks.blocks import AdaptedConv, StyledResidual, StyledUp, add_rows, added_rows
from stylefuse.networks.config import GeneratorConfig
from stylefuse.networks.encoder import Encoder
from stylefuse.networks.weights import Weights

# Factor that keeps atanh finite, so that the residual can also change black and white.
INPUT_GAIN = 0.97
# Side of the square of grain, px. It repeats at this distance, which is too far to be noticed.
GRAIN_SIDE = 512


class Generator(nn.Module):
    """Encoder–repaint network with one row of norm parameters a style; row 0 is the identity ("photo").

    Args:
        rows: number of styles and the identity, K + 1, that are trained together.
        config: widths and depth.
        added: number of styles added after that training, see `networks.added`. Their rows follow the others, and
            `rows` of the generator counts them.
    """

    def __init__(self, rows: int, config: GeneratorConfig = GeneratorConfig(), added: int = 0):  # noqa: B008 (frozen)
        super().__init__()
        self.rows, self.config = rows + added, config
        widths = config.channels
        self.encoder = Encoder(widths)
        self.trunk = nn.ModuleList(StyledResidual(rows, widths[-1], added) for _ in range(config.blocks))
        self.ups = nn.ModuleList(
            StyledUp(rows, a, b, added) for a, b in zip(widths[::-1], widths[-2::-1], strict=False)
        )
        self.head = AdaptedConv(widths[0], 3, kernel=5, added=added)
        # Each style also has an affine map of the input's colours, so that the network need not learn a global palette.
        self.palette = nn.Parameter(torch.zeros(rows, 3, 4))
        self.added_palette = added_rows(added, 3, 4)
        # Noise on the encoder's input: on flat areas, convolutions alone would repeat one stroke in rows and columns.
        self.grain: Tensor
        self.register_buffer("grain", new_grain(config.grain, 0), persistent=False)
        # A small head makes step 0 the identity, so that training needs no warm-up.
        nn.init.normal_(self.head.weight, std=0.002)
        nn.init.zeros_(cast(Tensor, self.head.bias))

    def features(self, x: Tensor) -> list[Tensor]:
        """Encoder features of x, N×3×H×W in [-1, 1], one N×C×h×w tensor a level, full size first."""
        return self.encoder(self._pad(x))

    def forward(self, x: Tensor, style: Tensor, corner: tuple[int, int] = (0, 0)) -> Tensor:
        """Repaint x, N×3×H×W in [-1, 1], with style weights N×rows; returns the same shape and range, in float32.

        corner: row and column of the picture in the square of grain. Training draws it at random; otherwise the network
        would learn one noise pattern by heart.
        """
        height, width = x.shape[2:]
        h = self.encoder(self.add_grain(self._pad(x), corner))[-1]
        for block in self.trunk:
            h = block(h, style)
        for up in self.ups:
            h = up(h, style)
        change = self.head(h, style)[:, :, :height, :width].float()
        return torch.tanh(change + self.recolour(x.float(), style.float()))

    def add_grain(self, x: Tensor, corner: tuple[int, int]) -> Tensor:
        """Add the grain, starting at `corner` (row, column), to x, N×C×H×W: for the encoder, not for the result."""
        return x + grain_at(self.grain, corner, x.shape[2:])

    def recolour(self, x: Tensor, style: Tensor) -> Tensor:
        """Return atanh(0.97 x) after the style's affine map of RGB, which is stored as its difference from identity."""
        u = torch.atanh(INPUT_GAIN * x)
        rows = len(self.palette)
        change = torch.einsum("nr,rij->nij", style[:, :rows], self.palette.float())
        change = add_rows(change, style, rows, self.added_palette)
        return u + torch.einsum("nij,njhw->nihw", change[:, :, :3], u) + change[:, :, 3, None, None]

    def _pad(self, x: Tensor) -> Tensor:
        right, bottom, mode = self.padding(*x.shape[2:])
        return F.pad(x, (0, right, 0, bottom), mode=mode) if right or bottom else x

    def padding(self, height: int, width: int) -> tuple[int, int, str]:
        """Return the padding at the right and at the bottom, px, and its mode.

        Pads to a multiple of the stride and to at least 4 strides, which the layers' own reflection needs. The mode is
        "reflect", or "replicate" for pictures that are too small to reflect.
        """
        stride = self.config.stride
        bottom, right = (max(-(-n // stride), 4) * stride - n for n in (height, width))
        return right, bottom, "reflect" if right < width and bottom < height else "replicate"

    def style_parameters(self) -> list[nn.Parameter]:
        """Return the tables of the styles trained together; they get few gradients and a higher learning rate."""
        own = ("scale", "shift", "palette")
        return [p for name, p in self.named_parameters() if name.rsplit(".", 1)[-1] in own]


def new_grain(deviation: float, seed: int) -> Tensor:
    """Return a square of grain, `GRAIN_SIDE` px wide, of a standard deviation."""
    return deviation * torch.randn(GRAIN_SIDE, GRAIN_SIDE, generator=torch.Generator().manual_seed(seed))


def grain_at(square: Tensor, corner: tuple[int, int], size: Sequence[int]) -> Tensor:
    """Return the grain of a picture of `size` (height, width) that starts at `corner` (row, column) of the square."""
    down, right = (
        torch.arange(at, at + length, device=square.device) % GRAIN_SIDE
        for at, length in zip(corner, size, strict=True)
    )
    return square[down[:, None], right]


def style_weights(style: Tensor, rows: int, strength: float | Tensor = 1.0) -> Tensor:
    """Return weights over the rows: `strength` for the style, the rest for the identity.

    Args:
        style: N int64 in [0, rows).
        strength: 0 (identity) to 1 (style), one number or N of them.

    Returns:
        N×rows float32, rows summing to one.
    """
    return with_strength(F.one_hot(style, rows), strength)


def with_strength(mixture: Tensor, strength: float | Tensor) -> Tensor:
    """Return weights over the rows: `strength` of the mixture (N×rows, summing to one), the rest for the identity."""
    strength = torch.as_tensor(strength, dtype=torch.float32, device=mixture.device)
    strength = strength.expand(len(mixture))[:, None]
    weights = mixture * strength
    weights[:, 0] += 1 - strength[:, 0]
    return weights


def pack_generator(generator: Generator, styles: Sequence[str], **facts: Any) -> Weights:
    """Return the generator's weights with `facts` about it; `styles` are the names of its rows, "photo" first."""
    config = asdict(generator.config)
    return Weights(
        dict(generator.state_dict()), {"kind": "generator", "config": config, "styles": list(styles), **facts}
    )


def load_generator(weights: Weights) -> Generator:
    """Build the packed generator, in eval mode.

    Raises:
        ValueError: the weights are of another kind of network.
    """
    weights.require("generator")
    generator = generator_of(weights.facts)
    generator.load_state_dict(weights.tensors)
    return generator.eval().requires_grad_(False)


def generator_of(facts: Mapping[str, Any]) -> Generator:
    """Build the generator that packed facts describe, untrained."""
    config, added = facts["config"], facts.get("added", 0)
    return Generator(
        len(facts["styles"]) - added,
        # Older generators have no grain in their config: they were trained without it.
        GeneratorConfig(tuple(config["channels"]), config["blocks"], config.get("grain", 0.0)),
        added,
    )
