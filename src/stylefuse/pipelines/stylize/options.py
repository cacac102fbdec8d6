"""What may be turned in `stylize`."""

from pydantic import Field

from stylefuse.pipelines.parameters import Parameters


class StylizeOptions(Parameters):
    """Options of the pipeline; see conf/base/parameters_stylize.yml."""

    style: str | None
    strength: float = Field(ge=0, le=1)
