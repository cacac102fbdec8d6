"""Typed parameters: what a parameters file may hold, and nothing else."""

from pydantic import BaseModel, ConfigDict, Field

from stylefuse.images.files import Limits


class Parameters(BaseModel):
    """Base of every pipeline's options: frozen, and a key it does not know is refused by name."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class FileLimits(Parameters):
    """Bytes of a picture file and pixels of its picture above which it is refused before decoding."""

    max_bytes: int = Field(gt=0)
    max_pixels: int = Field(gt=0, le=178_956_970)  # Pillow opens none that is larger

    @property
    def limits(self) -> Limits:
        return Limits(self.max_bytes, self.max_pixels)
