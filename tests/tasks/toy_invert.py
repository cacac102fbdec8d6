"""Invert the colours of a picture: a whole task in one file."""

from collections.abc import Sequence

import numpy as np
from PIL import Image

from stylefuse.tasks.params import Number, Params, number
from stylefuse.tasks.task import Networks, Result, Task


class InvertParams(Params):
    """How far to invert."""

    amount: Number = number(1.0, 0, 1, "0 leaves the picture as it is, 1 inverts it")


class InvertPredictor:
    """Inverts pictures; needs no network."""

    def check(self, params: InvertParams) -> None:
        """All amounts will do."""

    def predict(self, pictures: Sequence[Image.Image], params: InvertParams) -> Result:
        levels = np.asarray(pictures[0]).astype(np.float32)
        inverted = levels + params.amount * (255 - 2 * levels)
        return Result(Image.fromarray(np.rint(inverted).astype(np.uint8)), {"amount": params.amount})


def _predictor(networks: Networks) -> InvertPredictor:
    return InvertPredictor()


TASK = Task(name="invert", summary="Invert the colours", params=InvertParams, predictor=_predictor)
