"""Sizes of the restorer. In a module of their own, because parameters are read without torch."""

from dataclasses import dataclass

# What the U-Net sees of the shared encoder: nothing, the features of its stem, or those of a stem of its own that is
# trained with it.
NONE, SHARED, OWN = FEATURES = ("none", "shared", "own")


@dataclass(frozen=True)
class RestorerConfig:
    """Size of the restorer.

    widths: of the U-Net at 1, 1/2, 1/4 of the picture's size.
    detector: width of the detector at 1/2, 1/4.
    features: one of `FEATURES`.
    """

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012 (read by pydantic where parameters are typed)

    widths: tuple[int, int, int] = (20, 32, 48)
    detector: tuple[int, int] = (24, 32)
    features: str = NONE

    def __post_init__(self) -> None:
        if min(*self.widths, *self.detector) < 1:
            raise ValueError("widths and detector must be at least 1")
        if self.features not in FEATURES:
            raise ValueError(f"features is {self.features!r}: use one of {', '.join(FEATURES)}")
