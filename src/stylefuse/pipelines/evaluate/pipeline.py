"""Measure the generator on what was held out from all training, beside baselines."""

from kedro.pipeline import Node, Pipeline

from stylefuse.pipelines.evaluate.nodes import evaluate_styles


def create_pipeline(**kwargs: object) -> Pipeline:
    """Return the `evaluate` pipeline: networks and held-out pictures → numbers and a report."""
    return Pipeline(
        [
            Node(
                evaluate_styles,
                [
                    *("generator", "judge", "classifier", "manifest", "image_store", "sample"),
                    *("photos", "styles", "params:evaluate", "reviser"),
                ],
                ["evaluation", "evaluation_summary", "evaluation_report"],
                name="evaluate_styles",
                tags="evaluate",
            )
        ]
    )
