"""What may be turned in `fuse`."""

from typing import Literal, Self

from pydantic import Field, model_validator

from stylefuse.pipelines.batch_options import BatchOptions
from stylefuse.tasks.stylize.params import Look


class FuseOptions(BatchOptions):
    """Options of the pipeline; see conf/base/parameters_fuse.yml."""

    mode: str
    align: bool
    style: str | None
    strength: float = Field(ge=0, le=1)
    # Read by `serving.look`, which says what they may be.
    preserve_color: str
    contrast: float
    sharpen: float
    keep_metadata: bool
    format: Literal["png", "jpeg", "webp"]

    @model_validator(mode="after")
    def _look_of_a_style(self) -> Self:
        for name, value in Look._field_defaults.items() if self.style is None else ():
            given = getattr(self, name)
            if given != value:
                raise ValueError(f"{name} {given} is of no style: name the style, or leave {name} at {value}")
        return self
