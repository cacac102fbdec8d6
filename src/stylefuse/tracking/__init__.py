"""What runs leave in MLflow: the database, where it lies, and records that cannot end a run."""
