"""Measure trained networks on held-out pictures: library code without Kedro and MLflow."""
