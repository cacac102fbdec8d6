"""Options of the embedded sample."""

from pydantic import Field

from stylefuse.pipelines.parameters import Parameters


class SampleOptions(Parameters):
    """Options of the `sample` pipeline; see conf/base/parameters_sample.yml for the reasons behind defaults.

    Raises:
        pydantic.ValidationError: an unknown key, or a value out of its range.
    """

    make: bool = True
    photos: int = Field(240, ge=1, le=2000)
    """Content photos, in all."""
    pictures: int = Field(120, ge=1, le=1000)
    """Pictures of each style."""
    size: int = Field(256, ge=64, le=512)
    """Width and height of every picture, in pixels."""
    seed: int = Field(1, ge=0)
    workers: int = Field(0, ge=0)
    """Processes that draw; 0 stands for one a core. The pictures do not depend on it."""
