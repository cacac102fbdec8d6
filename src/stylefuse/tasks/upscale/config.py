"""Sizes of the upscaler. They have their own module because parameters are read without torch."""

from dataclasses import dataclass

# Factors that there is a network for.
SCALES = (2, 4)


@dataclass(frozen=True)
class UpscalerConfig:
    """Size of the network of each scale.

    width: channels of every layer, at the size of the small picture.
    convs: 3×3 convolutions before the last one.
    """

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012 (read by pydantic where parameters are typed)

    width: int = 36
    convs: int = 6

    def __post_init__(self) -> None:
        if self.width < 1 or self.convs < 1:
            raise ValueError("width and convs must be at least 1")
