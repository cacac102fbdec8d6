"""Fixtures of more than one folder. That this file is here lets every test import `support`."""

import signal

import mlflow
import pytest

from served_models import fuser_weights, here, loaded, weights  # noqa: F401
from stylefuse.hooks import connect
from stylefuse.training import device
from support import classifier_weights, write_tiny_data

if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    # A shell starts a background process so. Tests send SIGINT, and the processes that they start would ignore it too.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def no_precision_of_this_machine(request, monkeypatch):
    """What "auto" picks differs from machine to machine: a test names its precision, or takes `bf16_pays`."""
    if "bf16_pays" in request.fixturenames:
        return

    def refuse():
        raise AssertionError(
            "this test depends on the machine: give a precision, or take the fixture bf16_pays"
        )

    monkeypatch.setattr(device, "_bf16_pays", refuse)


@pytest.fixture(params=[True, False], ids=["bf16 pays", "bf16 does not pay"])
def bf16_pays(request, monkeypatch):
    """Runs a test on a processor that is faster in bfloat16, and on one that is not, by what is asked of it."""
    monkeypatch.setattr(device, "_bf16_pays", lambda: request.param)
    return request.param


@pytest.fixture
def no_tracking_uri(monkeypatch):
    """MLflow has no tracking URI, neither from the environment nor from a test before, and none is left behind."""
    import mlflow

    from stylefuse.tracking import record

    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    mlflow.set_tracking_uri(None)
    yield
    mlflow.set_tracking_uri(None)  # this also unsets the variable
    record.begin()


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    """A tracking database of its own."""
    folder = tmp_path_factory.mktemp("tracking")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{folder}/mlflow.db")
        connect(folder)
        yield folder
        mlflow.set_tracking_uri(None)


@pytest.fixture(scope="session")
def tiny_data(tmp_path_factory):
    """Image store folder and manifest of a photo class and two styles."""
    folder = tmp_path_factory.mktemp("tiny_store")
    return folder, write_tiny_data(folder)


@pytest.fixture(scope="session")
def tiny_classifier():
    """The weights of an untrained classifier over the classes of `tiny_data`."""
    return classifier_weights()
