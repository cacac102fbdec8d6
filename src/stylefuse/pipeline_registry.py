"""The pipelines by name. Written out by hand: a composite pipeline and Kedro's `find_pipelines` do not mix."""

from kedro.pipeline import Pipeline

from stylefuse.pipelines import (
    evaluate,
    fuse,
    ingest,
    pretrain_classifier,
    register,
    sample,
    stylize,
    train_head,
    train_hybrid,
)
from stylefuse.tasks.fuse.head import FUSER


def register_pipelines() -> dict[str, Pipeline]:
    """Return each stage under its own name, the chains that end in a registered model, and those for batch use.

    `train_style` makes a model that restyles; `train_fusion` adds the fuser to it and registers both; `__default__`
    is the two in one.
    """
    stages = {
        "sample": sample.create_pipeline(),
        "ingest": ingest.create_pipeline(),
        "pretrain_classifier": pretrain_classifier.create_pipeline(),
        "train_hybrid": train_hybrid.create_pipeline(),
        "evaluate": evaluate.create_pipeline(),
        "register": register.create_pipeline(),
    }
    train_style = sum(stages.values(), Pipeline([]))
    fuser = train_head.create_pipeline(FUSER)
    fusion = fuser + stages["register"]
    return {
        **stages,
        "train_fuser": fuser,
        "train_style": train_style,
        "train_fusion": fusion,
        "__default__": train_style + fusion,
        "stylize": stylize.create_pipeline(),
        "fuse": fuse.create_pipeline(),
    }
