"""Sizes of the networks; in a module of their own, so that reading parameters does not import torch."""

from dataclasses import dataclass


@dataclass(frozen=True)
class GeneratorConfig:
    """Size of the generator.

    channels: width of each encoder level, full size first.
    blocks: residual blocks at the deepest level.
    grain: standard deviation of the noise that is added to the encoder's input, whose values are in [-1, 1].
    """

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012 (read by pydantic where parameters are typed)

    channels: tuple[int, ...] = (16, 32, 64)
    blocks: int = 5
    grain: float = 0.05

    def __post_init__(self) -> None:
        if self.grain < 0:
            raise ValueError(f"grain is {self.grain}: it is a deviation, 0 or above")

    @property
    def stride(self) -> int:
        return 2 ** (len(self.channels) - 1)


@dataclass(frozen=True)
class CriticConfig:
    """Size of the pixel critic.

    channels: width of each stride-2 level; more levels see larger patches (4 levels: 78 px).
    """

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012 (read by pydantic where parameters are typed)

    channels: tuple[int, ...] = (24, 48, 96, 128)
