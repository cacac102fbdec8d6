"""The pipeline of a head: photos and the generator's encoder → the head, measured on held-out photos."""

from pathlib import Path
from typing import Any

import pandas as pd
from kedro.pipeline import Node, Pipeline

from stylefuse.networks.weights import Weights
from stylefuse.pipelines.importable import importable
from stylefuse.pipelines.train_head.nodes import evaluate_head, train_head
from stylefuse.pipelines.train_head.options import parameters_of
from stylefuse.tasks.head import Head


def create_pipeline(head: Head) -> Pipeline:
    """Make the two nodes of a head and wire them to the catalog.

    The training node has the tag "distributed": several processes of torchrun may run it together.
    """
    kind, parameters = parameters_of(head), f"params:{head.pipeline}"

    # Kedro reads the class of the parameters from the annotation.
    def train(
        manifest: pd.DataFrame,
        image_store: Path,
        generator: Weights,
        checkpoints: Path,
        samples: Path,
        options: kind,  # type: ignore[valid-type]
    ) -> tuple[pd.DataFrame, Weights]:
        return train_head(head, manifest, image_store, generator, checkpoints, samples, options)

    def evaluate(
        manifest: pd.DataFrame,
        image_store: Path,
        generator: Weights,
        weights: Weights,
        options: kind,  # type: ignore[valid-type]
    ) -> tuple[dict[str, Any], Path]:
        return evaluate_head(head, manifest, image_store, generator, weights, options)

    samples = f"{head.reports}_samples"
    inputs = ["manifest", "image_store", "generator", "checkpoints", samples, parameters]
    return Pipeline(
        [
            Node(
                importable(train, __name__, f"train_{head.weights}"),
                inputs,
                [f"{head.reports}_log", head.weights],  # in this order: the log is there before the network
                name=f"train_{head.weights}",
                tags=[head.pipeline, "distributed"],
            ),
            Node(
                importable(evaluate, __name__, f"evaluate_{head.weights}"),
                ["manifest", "image_store", "generator", head.weights, parameters],
                [f"{head.reports}_evaluation", f"{head.reports}_report"],
                name=f"evaluate_{head.weights}",
                tags=head.pipeline,
            ),
        ]
    )
