"""No tracking URI of the environment, and none left behind."""

import pytest


@pytest.fixture(autouse=True)
def tracking_uri(no_tracking_uri):
    pass
