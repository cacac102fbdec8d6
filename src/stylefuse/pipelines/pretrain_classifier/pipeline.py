"""pretrain_classifier: pictures → the style classifier C, the judge J, and how good they are."""

from kedro.pipeline import Node, Pipeline

from stylefuse.pipelines.pretrain_classifier.nodes import report_classifiers, train_classifier, train_judge

_INPUTS = ["manifest", "image_store", "checkpoints", "params:pretrain_classifier"]


def create_pipeline(**kwargs: object) -> Pipeline:
    """Wire the nodes to the catalog."""
    return Pipeline(
        [
            Node(
                train_classifier, _INPUTS, "classifier", name="train_classifier", tags="pretrain_classifier"
            ),
            Node(train_judge, _INPUTS, "judge", name="train_judge", tags="pretrain_classifier"),
            Node(
                report_classifiers,
                ["classifier", "judge", "manifest", "image_store"],
                ["classifier_metrics", "classifier_report"],
                name="report_classifiers",
                tags="pretrain_classifier",
            ),
        ]
    )
