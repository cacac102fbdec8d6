"""add_style: a model and a few pictures → the model with one more style."""

from kedro.pipeline import Node, Pipeline

from stylefuse.pipelines.add_style.nodes import add_style


def create_pipeline(**kwargs: object) -> Pipeline:
    """Wire the node to the catalog."""
    return Pipeline(
        [
            Node(
                add_style,
                ["photos", "models_with_styles", "params:add_style"],
                "added_style",
                name="add_style",
                tags="add_style",
            )
        ]
    )
