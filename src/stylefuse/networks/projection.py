"""Projection heads of the PatchNCE loss."""

from torch import Tensor, nn


class PatchProjection(nn.Module):
    """A two-layer perceptron for each encoder level, to a common width (netF of Park et al. 2020).

    All layers are made at construction; layers made in the first forward would miss optimiser and checkpoint.

    Args:
        channels: width of each encoder level that is compared.
        width: length of the projected vectors.
    """

    def __init__(self, channels: tuple[int, ...], width: int = 64):
        super().__init__()
        self.heads = nn.ModuleList(
            nn.Sequential(nn.Linear(c, width), nn.ReLU(), nn.Linear(width, width)) for c in channels
        )

    def forward(self, levels: list[Tensor], places: list[Tensor]) -> list[Tensor]:
        """levels: N×C×h×w each; places: P int64 flat positions each → one N×P×width tensor a level."""
        return [
            head(level.flatten(2)[:, :, place].transpose(1, 2))
            for head, level, place in zip(self.heads, levels, places, strict=True)
        ]
