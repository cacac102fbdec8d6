"""What can be turned in `train_fuser`; conf/base/parameters_train_fuser.yml gives the reasons."""

from pydantic import Field

from stylefuse.pipelines.parameters import Parameters
from stylefuse.tasks.fuse.options import FusionOptions


class EvaluationOptions(Parameters):
    """photos: held-out photos at most; image_size: px; inputs: pictures a set, each number a row of the table."""

    photos: int = Field(ge=1)
    image_size: int = Field(ge=32)
    inputs: tuple[int, ...]
    seed: int


class TrainFuserOptions(Parameters):
    """restart: begin anew, whatever unfinished training of this kind there is; training: see `FusionOptions`."""

    restart: bool
    training: FusionOptions
    evaluation: EvaluationOptions
