"""Record runs in MLflow: the database, its place, and records whose failure does not stop a run."""
