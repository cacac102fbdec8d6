"""Make the embedded sample: photos, three painterly styles, and the paintings' clean twins."""

from kedro.pipeline import Node, Pipeline

from stylefuse.pipelines.sample.nodes import make_sample


def create_pipeline(**kwargs: object) -> Pipeline:
    """Return the `sample` pipeline: `params:sample` → `sample`."""
    return Pipeline(
        [
            Node(
                make_sample,
                ["sample_staging", "params:sample"],
                "sample",
                name="make_sample",
                tags="data",
            )
        ]
    )
