"""A loaded model, and what it makes of a request's pictures, whichever way they came."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from stylefuse.images.encoding import Picture, encode
from stylefuse.networks.weights import Weights
from stylefuse.serving.request import (
    FORMAT,
    FUSE,
    IMAGE,
    STYLIZE,
    TASK,
    Asked,
    check_format,
    check_rows,
    read_image,
    read_params,
    read_set,
)
from stylefuse.tasks.fuse.predictor import CombineError, Combiner, to_rgb
from stylefuse.tasks.stylize.predictor import Restyler
from stylefuse.tasks.validation import RequestError


class Answer(NamedTuple):
    """picture: a file; report: plain values for JSON, how it was made; pixels: of its input pictures together."""

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
        """Restyle every picture of a request, or fuse all into one.

        Args:
            values: picture files, each as bytes or base64.
            params: see `request.read_params`.
            names: what messages call the pictures.

        Returns:
            An answer a picture to restyle, or one for a set. Its picture is as large as the upright input; fused, as
            large as what all inputs show, as PNG with 16 bits if one of them has.

        Raises:
            RequestError: the request cannot be served as it is.
        """
        asked = self._read(params)
        check_rows(len(values), asked.task)
        return list(self._each(values, asked, names))

    def each(
        self, values: Sequence[Any], params: Mapping[str, Any] | None, names: Sequence[str]
    ) -> Iterator[Answer]:
        """Do the same with any number of pictures to restyle, one after the other as the answers are taken."""
        asked = self._read(params)
        if asked.task != STYLIZE:
            check_rows(len(values), asked.task)
        return self._each(values, asked, names)

    def _read(self, params: Mapping[str, Any] | None) -> Asked:
        asked = read_params(params, self.styles)
        if asked.task != STYLIZE and self.combiner is None:
            remedy = "run the train_fusion pipeline and serve the model that it registers"
            raise RequestError(TASK, "this model was registered without a fuser", remedy, "no_fuser")
        return asked

    def _each(self, values: Sequence[Any], asked: Asked, names: Sequence[str]) -> Iterator[Answer]:
        if asked.task != STYLIZE:
            yield self._fused(values, asked, names)
            return
        # One picture's pixels in memory at a time.
        for value, name in zip(values, names, strict=True):
            yield self._restyled(value, asked, name)

    def _restyled(self, value: Any, asked: Asked, name: str) -> Answer:
        picture = read_image(value, name)
        check_format(picture.size, asked.file_format, name)
        return _answer(self.restyle(picture, asked.look), asked, asked.look.report(), _pixels(picture.size))

    def _fused(self, values: Sequence[Any], asked: Asked, names: Sequence[str]) -> Answer:
        pictures = read_set(values, names)
        if not asked.align:  # aligned pictures are cropped
            check_format(pictures[0].shape[1::-1], asked.file_format, names[0])
        try:
            combined = self.combiner.combine(pictures, asked.mode, asked.align)
        except CombineError as error:
            raise RequestError(IMAGE, error.message, error.remedy, error.code) from None
        picture, report = combined.picture, combined.report
        check_format(picture.shape[1::-1], asked.file_format, "the fused picture")
        if asked.task != FUSE:
            picture = self.restyle(to_rgb(picture), asked.look)
            report = {**report, **asked.look.report()}
        return _answer(picture, asked, report, sum(_pixels(each.shape[:2]) for each in pictures))


def _answer(picture: Picture, asked: Asked, report: Mapping[str, Any], pixels: int) -> Answer:
    data, _ = encode(picture, asked.file_format)
    return Answer(data, {TASK: asked.task, FORMAT: asked.file_format, **report}, pixels)


def _pixels(size: tuple[int, int]) -> int:
    return size[0] * size[1]
