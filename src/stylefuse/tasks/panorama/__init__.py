"""Join overlapping pictures into one wide picture."""

from collections.abc import Sequence

from stylefuse.tasks.panorama.params import PanoramaParams
from stylefuse.tasks.task import Batch, Networks, Predictor, Size, Task

MIN_PICTURES, MAX_PICTURES = 2, 12


def _predictor(networks: Networks) -> Predictor:
    from stylefuse.tasks.panorama.predictor import PanoramaPredictor

    return PanoramaPredictor(networks)


def _size(sizes: Sequence[Size], params: PanoramaParams) -> Size | None:
    return None  # what the pictures show decides


TASK = Task(
    name="panorama",
    summary=f"Join {MIN_PICTURES} to {MAX_PICTURES} overlapping pictures into one wide picture",
    params=PanoramaParams,
    predictor=_predictor,
    maps={"weights": "the share taken from each picture, a map a picture"},
    pictures=(MIN_PICTURES, MAX_PICTURES),
    size=_size,
    batch=Batch(done="joined"),
)
