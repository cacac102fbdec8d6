"""The pipelines by name. Written out by hand: a composite pipeline and Kedro's `find_pipelines` do not mix."""

from kedro.pipeline import Pipeline

from stylefuse.pipelines import (
    add_style,
    batches,
    evaluate,
    ingest,
    pretrain_classifier,
    register,
    sample,
    train_head,
    train_hybrid,
)
from stylefuse.tasks.task import default_task, find_heads


def register_pipelines() -> dict[str, Pipeline]:
    """Return each stage under its own name, the chains that end in a registered model, and a batch of each task.

    `train_style` makes a model of the generator and the head of the default task, which paints with it; the pipeline of
    a head trains it over the generator, its chain registers both; `__default__` trains everything.
    """
    heads = {head.pipeline: train_head.create_pipeline(head) for head in find_heads().values()}
    painter = default_task().head
    stages = {
        "sample": sample.create_pipeline(),
        "ingest": ingest.create_pipeline(),
        "pretrain_classifier": pretrain_classifier.create_pipeline(),
        "train_hybrid": train_hybrid.create_pipeline(),
        **({painter.pipeline: heads[painter.pipeline]} if painter else {}),
        "evaluate": evaluate.create_pipeline(),
        "register": register.create_pipeline(),
    }
    train_style = sum(stages.values(), Pipeline([]))
    chains = {
        head.chain: heads[head.pipeline] + stages["register"] for head in find_heads().values() if head.chain
    }
    return {
        **stages,
        **heads,
        "train_style": train_style,
        **chains,
        "add_style": add_style.create_pipeline() + register.create_style_pipeline(),
        "register_style": register.create_style_pipeline(),
        "__default__": train_style + sum(heads.values(), Pipeline([])),
        **batches.create_pipelines(),
    }
