"""A loaded model, and what it makes of a request's pictures, whichever way they came."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from stylefuse.images.deep import encode_deep
from stylefuse.images.io import encode_png
from stylefuse.networks.weights import Weights
from stylefuse.serving.combine import CombineError, Combiner, to_rgb
from stylefuse.serving.refusal import RequestError
from stylefuse.serving.request import (
    FUSE,
    IMAGE,
    STYLIZE,
    TASK,
    Asked,
    check_rows,
    read_image,
    read_params,
    read_set,
)
from stylefuse.serving.restyle import Restyler


class Answer(NamedTuple):
    """picture: a PNG file; report: plain values for JSON, how it was made; pixels: of its input pictures together."""

    picture: bytes
    report: dict[str, Any]
    pixels: int


class Studio:
    """Restyles and fuses pictures as requests ask for; safe to share between threads.

    Args:
        generator: as written by the training pipeline.
        fuser: likewise; without one, pictures are restyled only.

    Raises:
        ValueError: the weights are of other networks, or the fuser is of another generator.
    """

    def __init__(self, generator: Weights, fuser: Weights | None = None):
        self.restyle = Restyler(generator)
        self.styles = self.restyle.styles
        self.combiner = Combiner(generator, fuser) if fuser else None

    def answers(
        self, values: Sequence[Any], params: Mapping[str, Any] | None, names: Sequence[str]
    ) -> list[Answer]:
        """Restyle every picture, or fuse all into one.

        Args:
            values: picture files, each as bytes or base64.
            params: see `request.read_params`.
            names: what messages call the pictures.

        Returns:
            An answer a picture to restyle, or one for a set. Its PNG is as large as the upright input; fused, as
            large as what all inputs show, with 16 bits if one of them has.

        Raises:
            RequestError: the request cannot be served as it is.
        """
        asked = read_params(params, self.styles)
        if asked.task != STYLIZE and self.combiner is None:
            remedy = "run the train_fusion pipeline and serve the model that it registers"
            raise RequestError(TASK, "this model was registered without a fuser", remedy, "no_fuser")
        check_rows(len(values), asked.task)
        if asked.task != STYLIZE:
            return [self._fused(values, asked, names)]
        # One picture's pixels in memory at a time.
        return [self._restyled(value, asked, name) for value, name in zip(values, names, strict=True)]

    def _restyled(self, value: Any, asked: Asked, name: str) -> Answer:
        picture = read_image(value, name)
        restyled = self.restyle(picture, asked.look)
        return Answer(encode_png(restyled), {TASK: asked.task, **asked.look.report()}, _pixels(picture.size))

    def _fused(self, values: Sequence[Any], asked: Asked, names: Sequence[str]) -> Answer:
        pictures = read_set(values, names)
        try:
            combined = self.combiner.combine(pictures, asked.mode, asked.align)
        except CombineError as error:
            raise RequestError(IMAGE, error.message, error.remedy, error.code) from None
        report = {TASK: asked.task, **combined.report}
        pixels = sum(_pixels(picture.shape[:2]) for picture in pictures)
        if asked.task == FUSE:
            return Answer(encode_deep(combined.picture), report, pixels)
        picture = self.restyle(to_rgb(combined.picture), asked.look)
        return Answer(encode_png(picture), {**report, **asked.look.report()}, pixels)


def _pixels(size: tuple[int, int]) -> int:
    return size[0] * size[1]
