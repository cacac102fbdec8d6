"""What may be turned in `stylize`."""

from typing import Literal

from pydantic import Field

from stylefuse.pipelines.batch_options import BatchOptions


class StylizeOptions(BatchOptions):
    """Options of the pipeline; see conf/base/parameters_stylize.yml."""

    style: str | None
    strength: float = Field(ge=0, le=1)
    # Read by `serving.look`, which says what they may be.
    preserve_color: str
    contrast: float
    sharpen: float
    keep_metadata: bool
    format: Literal["png", "jpeg", "webp"]
