"""No tracking URI of the environment, and none left behind."""

import mlflow
import pytest

from stylefuse.tracking import record


@pytest.fixture(autouse=True)
def tracking_uri(monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    yield
    mlflow.set_tracking_uri(None)
    record.begin()
