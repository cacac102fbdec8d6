"""Wiring of `register`."""

from kedro.pipeline import Node, Pipeline

from .nodes import register_model


def create_pipeline(**kwargs) -> Pipeline:
    """Register the trained generator, and make it champion if it passes the gate."""
    return Pipeline(
        [
            Node(
                register_model,
                ["generator", "evaluation", "manifest", "params:register", "fuser", "fusion_evaluation"],
                "registration",
                name="register_model",
            )
        ]
    )
