"""Sizes of the fuser. In a module of their own, because parameters are read without torch."""

from dataclasses import dataclass


@dataclass(frozen=True)
class FuserConfig:
    """Size of the fuser.

    channels: width at each level of the pyramid, full size first; its last level is the low-pass rest.
    residual: width of the residual branch at 1, 1/2, 1/4.
    """

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012 (read by pydantic where parameters are typed)

    channels: tuple[int, ...] = (16, 24, 32, 32, 48, 48)
    residual: tuple[int, int, int] = (20, 32, 48)

    @property
    def stride(self) -> int:
        return 2 ** (len(self.channels) - 1)
