"""ingest: folders of pictures → manifest, image store, report."""

from kedro.pipeline import Node, Pipeline

from stylefuse.pipelines.ingest.nodes import ingest_pictures, report_data


def create_pipeline(**kwargs) -> Pipeline:
    """Wire the nodes to the catalog."""
    return Pipeline(
        [
            Node(
                ingest_pictures,
                ["sample", "photos", "styles", "params:ingest"],
                ["image_store", "manifest"],
                name="ingest_pictures",
                tags="ingest",
            ),
            Node(
                report_data,
                ["manifest", "image_store", "params:ingest"],
                "data_report",
                name="report_data",
                tags="ingest",
            ),
        ]
    )
