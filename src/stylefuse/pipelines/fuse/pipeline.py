"""Wiring of `fuse`."""

from kedro.pipeline import Node, Pipeline

from .nodes import fuse_folder


def create_pipeline(**kwargs) -> Pipeline:
    """Fuse every set of pictures in a folder."""
    return Pipeline(
        [
            Node(
                fuse_folder,
                ["generator", "fuser", "fuse_input", "fuse_staging", "params:fuse"],
                ["fuse_output", "fuse_report"],
                name="fuse_folder",
            )
        ]
    )
