"""Requests to pictures: the networks of a model loaded once, chains of tasks, the HTTP service, the MLflow model."""
