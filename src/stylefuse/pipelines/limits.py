"""Parameters that limit the size of picture files."""

from pydantic import Field

from stylefuse.images.files import Limits
from stylefuse.pipelines.parameters import Parameters


class FileLimits(Parameters):
    """Bytes of a picture file and pixels of its picture above which it is refused before decoding."""

    max_bytes: int = Field(gt=0)
    max_pixels: int = Field(gt=0, le=178_956_970)  # Pillow opens none that is larger

    @property
    def limits(self) -> Limits:
        return Limits(self.max_bytes, self.max_pixels)
