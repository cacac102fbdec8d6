"""What can be turned in `train_hybrid`; conf/base/parameters_train_hybrid.yml gives the reasons."""

from stylefuse.pipelines.parameters import Parameters
from stylefuse.training.options import HybridOptions


class TrainOptions(Parameters):
    """restart: begin anew, whatever unfinished training of this kind there is; training: see `HybridOptions`."""

    restart: bool
    training: HybridOptions
