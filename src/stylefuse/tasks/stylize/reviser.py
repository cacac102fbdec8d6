"""The reviser R(draft, photo, s): sharpens an enlarged draft and adds the strokes that only a larger picture shows."""

from dataclasses import asdict
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from stylefuse.images.luma import batch_luma
from stylefuse.networks.blocks import ReflectConv, add_rows, added_rows
from stylefuse.networks.generator import grain_at, new_grain
from stylefuse.networks.weights import Weights
from stylefuse.tasks.stylize.reviser_config import ReviserConfig

# The network works on blocks of 2×2 pixels: four times fewer positions, and everything it adds is fine anyway.
BLOCK = 2
# Luma at which half of the photo's detail passes as an edge; weaker detail is texture, which strokes replace.
EDGE = 0.06


class StyledConv(nn.Module):
    """3×3 convolution, then a scale and a shift of each channel by style; no normalisation, so a crop is a crop."""

    def __init__(self, rows: int, channels_in: int, channels_out: int, added: int = 0):
        super().__init__()
        self.conv = ReflectConv(channels_in, channels_out)
        self.scale = nn.Parameter(torch.randn(rows, channels_out) * 0.1)
        self.shift = nn.Parameter(torch.zeros(rows, channels_out))
        self.added_scale, self.added_shift = (added_rows(added, channels_out) for _ in range(2))

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        rows = len(self.scale)
        own = style[:, :rows]
        scale = (1 + add_rows(own @ self.scale, style, rows, self.added_scale))[:, :, None, None]
        shift = add_rows(own @ self.shift, style, rows, self.added_shift)[:, :, None, None]
        return torch.addcmul(shift.to(x.dtype), self.conv(x), scale.to(x.dtype))


class Reviser(nn.Module):
    """Convolutional network on the luma of the enlarged draft and of the photo, with scales and shifts of each style.

    It changes luma alone, so colours are those of the draft. It sees `margin` pixels around each pixel and nothing
    else: a picture can be computed in strips.

    Args:
        rows: number of styles and the identity, K + 1; row 0 is the identity.
        config: width and depth.
        added: number of styles added later; their rows follow the others.
    """

    def __init__(self, rows: int, config: ReviserConfig = ReviserConfig(), added: int = 0):  # noqa: B008 (frozen)
        super().__init__()
        self.rows, self.config = rows + added, config
        width = config.width
        self.first = StyledConv(rows, 3 * BLOCK**2, width, added)
        self.blocks = nn.ModuleList(
            nn.ModuleList(StyledConv(rows, width, width, added) for _ in range(2))
            for _ in range(config.blocks)
        )
        self.head = ReflectConv(width, BLOCK**2)
        # How much of the photo's edges each style takes over.
        self.edges = nn.Parameter(torch.full((rows,), 0.7))
        self.added_edges = added_rows(added)
        # Strokes in flat places need something to begin from.
        self.grain: Tensor
        self.register_buffer("grain", new_grain(config.grain, 1), persistent=False)
        nn.init.normal_(self.head.weight, std=0.002)
        nn.init.zeros_(self.head.bias)  # type: ignore[arg-type]

    @property
    def margin(self) -> int:
        """Pixels around a pixel that its result depends on, a multiple of `BLOCK`."""
        return BLOCK * (2 + 2 * self.config.blocks)

    def forward(
        self, draft: Tensor, photo: Tensor, detail: Tensor, style: Tensor, corner: tuple[int, int] = (0, 0)
    ) -> Tensor:
        """Revise a draft that was enlarged to the photo's size.

        Args:
            draft, photo: N×3×H×W in [-1, 1], H and W multiples of `BLOCK`.
            detail: what the photo loses when it is reduced to the draft's first size and enlarged again.
            style: weights over the rows, N×rows. The identity's share adds the photo's detail in place of strokes.
            corner: row and column of the picture in the square of grain.

        Returns:
            N×3×H×W float32.
        """
        grain = grain_at(self.grain, corner, draft.shape[2:]).to(draft.dtype).expand(len(draft), 1, -1, -1)
        x = torch.cat([batch_luma(draft), batch_luma(photo), grain], 1)
        h = F.relu(self.first(F.pixel_unshuffle(x, BLOCK), style))
        for block in self.blocks:
            conv1, conv2 = cast(nn.ModuleList, block)
            h = h + conv2(F.relu(conv1(h, style)), style)
        strokes = F.pixel_shuffle(self.head(h), BLOCK).float()
        fine = batch_luma(detail.float())
        rows = len(self.edges)
        taken = add_rows(style[:, :rows] @ self.edges, style, rows, self.added_edges)
        edges = taken[:, None, None, None] * fine * fine.abs() / (fine.abs() + EDGE)
        identity = style[:, :1, None, None]
        return draft.float() + (1 - identity) * (strokes + edges) + identity * detail


def pack_reviser(reviser: Reviser, **facts: Any) -> Weights:
    """Return the reviser's weights with `facts` about it; of these, `styles` names its rows, "photo" first."""
    return Weights(dict(reviser.state_dict()), {"kind": "reviser", "config": asdict(reviser.config), **facts})


def load_reviser(weights: Weights) -> Reviser:
    """Build the packed reviser, in eval mode.

    Raises:
        ValueError: the weights are of another kind of network.
    """
    weights.require("reviser")
    added = weights.facts.get("added", 0)
    rows = len(weights.facts["styles"]) - added
    reviser = Reviser(rows, ReviserConfig(**weights.facts["config"]), added)
    reviser.load_state_dict(weights.tensors)
    return reviser.eval().requires_grad_(False)
