"""What can be turned in `train_hybrid`; conf/base/parameters_train_hybrid.yml gives the reasons."""

from stylefuse.pipelines.parameters import Parameters
from stylefuse.training.options import HybridOptions


class TrainOptions(Parameters):
    """restart: throw away an earlier state of this same training; training: see `HybridOptions`."""

    restart: bool
    training: HybridOptions
