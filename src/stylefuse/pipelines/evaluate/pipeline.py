"""Measure the generator on what was held out from all training, beside baselines."""

from kedro.pipeline import Node, Pipeline

from stylefuse.pipelines.evaluate.nodes import evaluate_styles
from stylefuse.tasks.task import find_tasks


def create_pipeline(**kwargs: object) -> Pipeline:
    """Return the `evaluate` pipeline: networks and held-out pictures → numbers and a report."""
    head = find_tasks()["stylize"].head
    revisers = [head.weights] if head else []
    return Pipeline(
        [
            Node(
                evaluate_styles,
                [
                    *("generator", "judge", "classifier", "manifest", "image_store", "sample"),
                    *("photos", "styles", "params:evaluate", *revisers),
                ],
                ["evaluation", "evaluation_summary", "evaluation_report"],
                name="evaluate_styles",
                tags="evaluate",
            )
        ]
    )
