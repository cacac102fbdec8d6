"""Fixtures of more than one folder. That this file is here lets every test import `support`."""

import pytest

from support import classifier_weights, write_tiny_data


@pytest.fixture(scope="session")
def tiny_data(tmp_path_factory):
    """Image store folder and manifest of a photo class and two styles."""
    folder = tmp_path_factory.mktemp("tiny_store")
    return folder, write_tiny_data(folder)


@pytest.fixture(scope="session")
def tiny_classifier():
    """The weights of an untrained classifier over the classes of `tiny_data`."""
    return classifier_weights()
