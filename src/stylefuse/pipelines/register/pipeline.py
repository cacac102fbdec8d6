"""Wiring of `register`."""

from kedro.pipeline import Node, Pipeline

from stylefuse.tasks.task import find_tasks

from .nodes import register_model


def create_pipeline(**kwargs) -> Pipeline:
    """Register the trained generator, and make it champion if it passes the gate."""
    heads = [
        dataset
        for task in find_tasks().values()
        if task.head
        for dataset in (task.head.name, f"{task.head.prefix}_evaluation")
    ]
    return Pipeline(
        [
            Node(
                register_model,
                ["generator", "evaluation", "manifest", "params:register", *heads],
                "registration",
                name="register_model",
            )
        ]
    )
