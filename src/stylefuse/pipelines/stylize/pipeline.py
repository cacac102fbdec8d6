"""Wiring of `stylize`."""

from kedro.pipeline import Node, Pipeline

from .nodes import stylize_folder


def create_pipeline(**kwargs) -> Pipeline:
    """Restyle every picture of a folder."""
    return Pipeline(
        [
            Node(
                stylize_folder,
                ["generator", "stylize_input", "stylize_staging", "params:stylize"],
                ["stylize_output", "stylize_report"],
                name="stylize_folder",
            )
        ]
    )
