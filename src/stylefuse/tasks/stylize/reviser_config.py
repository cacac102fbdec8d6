"""Size of the reviser; in a module of its own, so that reading parameters does not import torch."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ReviserConfig:
    """Size of the reviser and of what it revises.

    draft_side: short side, px, of the drafts that the generator paints at stroke size 1.
    width: channels of every layer, on blocks of 2×2 pixels.
    blocks: residual blocks of two convolutions.
    grain: standard deviation of the noise from which strokes in flat places begin.
    """

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012 (read by pydantic where parameters are typed)

    draft_side: int = 192
    width: int = 24
    blocks: int = 2
    grain: float = 0.3

    def __post_init__(self) -> None:
        if self.draft_side < 32 or self.width < 1 or min(self.blocks, self.grain) < 0:
            raise ValueError(
                "draft_side must be at least 32, width at least 1, blocks and grain not negative"
            )
