"""Parameters of `train_hybrid`; conf/base/parameters_train_hybrid.yml gives the reasons."""

from stylefuse.pipelines.parameters import Parameters
from stylefuse.tasks.stylize.options import HybridOptions


class TrainOptions(Parameters):
    """restart: start anew, whatever unfinished training of this kind there is; training: see `HybridOptions`."""

    restart: bool
    training: HybridOptions
