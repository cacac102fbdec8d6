"""The pipelines by name. Written out by hand: a composite pipeline and Kedro's `find_pipelines` do not mix."""

from kedro.pipeline import Pipeline

from stylefuse.pipelines import evaluate, ingest, pretrain_classifier, register, sample, stylize, train_hybrid


def register_pipelines() -> dict[str, Pipeline]:
    """Return each stage under its own name, the whole chain as `train_style` and `__default__`, and `stylize`."""
    stages = {
        "sample": sample.create_pipeline(),
        "ingest": ingest.create_pipeline(),
        "pretrain_classifier": pretrain_classifier.create_pipeline(),
        "train_hybrid": train_hybrid.create_pipeline(),
        "evaluate": evaluate.create_pipeline(),
        "register": register.create_pipeline(),
    }
    chain = sum(stages.values(), Pipeline([]))
    return {**stages, "train_style": chain, "__default__": chain, "stylize": stylize.create_pipeline()}
