"""ingest: folders of pictures → manifest, image store, report."""

from kedro.pipeline import Node, Pipeline

from stylefuse.pipelines.ingest.nodes import check_data, ingest_pictures, report_data


def create_pipeline(**kwargs: object) -> Pipeline:
    """Connect the nodes to the datasets of the catalog."""
    return Pipeline(
        [
            Node(
                ingest_pictures,
                ["sample", "photos", "styles", "image_store_staging", "params:ingest"],
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
            Node(
                check_data,
                ["manifest", "data_report"],
                None,
                name="check_data",
                tags="ingest",
            ),
        ]
    )
