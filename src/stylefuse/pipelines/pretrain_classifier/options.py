"""Parameters of `pretrain_classifier`; conf/base/parameters_pretrain_classifier.yml gives the reasons."""

from stylefuse.pipelines.parameters import Parameters
from stylefuse.training.options import ClassifierOptions, JudgeOptions


class PretrainOptions(Parameters):
    """imagenet: C on frozen ImageNet features, or (false) from scratch; classifier, judge: their trainings."""

    imagenet: bool
    classifier: ClassifierOptions
    judge: JudgeOptions
