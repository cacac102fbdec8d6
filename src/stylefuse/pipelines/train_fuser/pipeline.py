"""train_fuser: photos and the generator's encoder → the fuser, measured against truth."""

from kedro.pipeline import Node, Pipeline

from stylefuse.pipelines.train_fuser.nodes import evaluate_fuser, train_fuser


def create_pipeline(**kwargs) -> Pipeline:
    """Wire the nodes to the catalog."""
    return Pipeline(
        [
            Node(
                train_fuser,
                [
                    "manifest",
                    "image_store",
                    "generator",
                    "checkpoints",
                    "fusion_samples",
                    "params:train_fuser",
                ],
                ["fusion_log", "fuser"],  # in this order: the log is there before the network
                name="train_fuser",
                tags="train_fuser",
            ),
            Node(
                evaluate_fuser,
                ["manifest", "image_store", "generator", "fuser", "params:train_fuser"],
                ["fusion_evaluation", "fusion_report"],
                name="evaluate_fuser",
                tags="train_fuser",
            ),
        ]
    )
