"""What may be turned in `stylize`."""

from pydantic import Field

from stylefuse.pipelines.limits import FileLimits


class StylizeOptions(FileLimits):
    """Options of the pipeline; see conf/base/parameters_stylize.yml."""

    style: str | None
    strength: float = Field(ge=0, le=1)
    keep_metadata: bool
