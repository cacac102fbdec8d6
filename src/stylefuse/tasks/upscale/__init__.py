"""Enlarge a picture to two or four times its sides."""

from collections.abc import Sequence

from stylefuse.tasks.task import Batch, Networks, Predictor, Size, Task
from stylefuse.tasks.upscale.head import UPSCALER
from stylefuse.tasks.upscale.params import UpscaleParams


def _predictor(networks: Networks) -> Predictor:
    from stylefuse.tasks.upscale.predictor import UpscalePredictor

    return UpscalePredictor(networks)


def _size(sizes: Sequence[Size], params: UpscaleParams) -> Size:
    width, height = sizes[0]
    return width * int(params.scale), height * int(params.scale)


TASK = Task(
    name="upscale",
    summary="Enlarge a picture two or four times",
    params=UpscaleParams,
    predictor=_predictor,
    needs=("generator", UPSCALER.weights),
    size=_size,
    batch=Batch(done="enlarged"),
    head=UPSCALER,
)
