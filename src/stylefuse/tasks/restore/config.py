"""Sizes of the restorer's networks. They have their own module because parameters are read without torch."""

from dataclasses import dataclass


@dataclass(frozen=True)
class RestorerConfig:
    """Size of the restorer.

    widths: of the U-Net at 1/2, 1/4 of the picture's size.
    detector: of the detector at 1/2, 1/4.
    """

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012 (read by pydantic where parameters are typed)

    widths: tuple[int, int] = (36, 48)
    detector: tuple[int, int] = (24, 32)

    def __post_init__(self) -> None:
        if min(*self.widths, *self.detector) < 1:
            raise ValueError("widths and detector must be at least 1")
