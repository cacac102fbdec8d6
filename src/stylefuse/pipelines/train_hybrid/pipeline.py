"""train_hybrid: pictures and the frozen classifier → the generator and its critic."""

from kedro.pipeline import Node, Pipeline

from stylefuse.pipelines.train_hybrid.nodes import train_generator


def create_pipeline(**kwargs: object) -> Pipeline:
    """Wire the node to the catalog."""
    return Pipeline(
        [
            Node(
                train_generator,
                [
                    "manifest",
                    "image_store",
                    "classifier",
                    "checkpoints",
                    "training_samples",
                    "params:train_hybrid",
                ],
                [
                    "training_log",
                    "critic",
                    "generator",
                ],  # in this order: what belongs to the generator is there before it
                name="train_generator",
                tags=["train_hybrid", "distributed"],  # torchrun may run it in several processes
            )
        ]
    )
