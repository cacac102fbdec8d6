"""What may be turned in `fuse`."""

from typing import Self

from pydantic import Field, model_validator

from stylefuse.pipelines.limits import FileLimits


class FuseOptions(FileLimits):
    """Options of the pipeline; see conf/base/parameters_fuse.yml."""

    mode: str
    align: bool
    style: str | None
    strength: float = Field(ge=0, le=1)
    keep_metadata: bool

    @model_validator(mode="after")
    def _strength_of_a_style(self) -> Self:
        if self.style is None and self.strength != 1:
            raise ValueError(
                f"strength {self.strength:g} is of no style: name the style, or leave strength at 1.0"
            )
        return self
