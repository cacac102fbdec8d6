"""Run the task: parameters in, enlarged picture and report out."""

from collections.abc import Sequence
from typing import cast

from PIL import Image

from stylefuse.images.files import DEFAULT_LIMITS
from stylefuse.tasks.task import Networks, Result
from stylefuse.tasks.upscale.head import UPSCALER
from stylefuse.tasks.upscale.network import Upscaler
from stylefuse.tasks.upscale.params import UpscaleParams
from stylefuse.tasks.upscale.tiled import enlarge_any_size
from stylefuse.tasks.validation import RequestError

MIN_SIDE = 8
# As many as a picture may have that is sent in, so that every result can be worked on further.
MAX_PIXELS = DEFAULT_LIMITS.max_pixels


class UpscalePredictor:
    """Enlarges pictures."""

    def __init__(self, networks: Networks):
        self._upscaler = cast(Upscaler, networks.head(UPSCALER.weights))
        self._lock = networks.lock

    def check(self, params: UpscaleParams) -> None:
        """All parameters fit every upscaler."""

    def predict(self, pictures: Sequence[Image.Image], params: UpscaleParams) -> Result:
        """Enlarge an RGB picture. The report has the parameters.

        Raises:
            RequestError: the picture is too small, or the result would be too large.
        """
        picture, scale = pictures[0], int(params.scale)
        _check(picture.size, scale)
        with self._lock:
            pixels = enlarge_any_size(self._upscaler, picture, scale, params.denoise, params.detail)
        report = {"scale": scale, "denoise": params.denoise, "detail": params.detail}
        return Result(Image.fromarray(pixels), report)


def _check(size: tuple[int, int], scale: int) -> None:
    """Refuse sizes before any memory is taken."""
    width, height = size
    if min(size) < MIN_SIDE:
        message = f"the picture has {width}×{height} pixels"
        raise RequestError("image", message, f"use one of {MIN_SIDE} pixels a side or more", "too_small")
    if width * height * scale**2 > MAX_PIXELS:
        message = (
            f"at scale {scale} the result would have {width * scale}×{height * scale} pixels, "
            f"{MAX_PIXELS / 1e6:g} megapixels are the limit"
        )
        most = MAX_PIXELS // scale**2
        smaller = "a smaller scale, or " if scale > 2 else ""
        remedy = f"send {smaller}a picture of {most / 1e6:g} megapixels or less"
        raise RequestError("image", message, remedy, "too_many_pixels")
