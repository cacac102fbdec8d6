"""The pipelines that register a trained model, or one with an added style, in MLflow."""

from kedro.pipeline import Node, Pipeline

from stylefuse.tasks.task import find_heads

from .nodes import register_model
from .style import register_style


def create_pipeline(**kwargs: object) -> Pipeline:
    """Register the trained generator, and make it champion if it passes the gate."""
    heads = [
        dataset for head in find_heads().values() for dataset in (head.weights, f"{head.reports}_evaluation")
    ]
    return Pipeline(
        [
            Node(
                register_model,
                ["generator", "evaluation", "manifest", "params:register", "classifier", "critic", *heads],
                "registration",
                name="register_model",
            )
        ]
    )


def create_style_pipeline() -> Pipeline:
    """Register the model to which a style was added last."""
    node = Node(
        register_style, ["added_style", "params:register"], "style_registration", name="register_style"
    )
    return Pipeline([node])
