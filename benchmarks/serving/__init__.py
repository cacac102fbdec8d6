"""How fast and how steady `stylefuse serve` is under load, beside `mlflow models serve`."""
