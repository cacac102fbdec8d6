"""The version is written down once, in the package; everything else shows it."""

import re
import tomllib

import yaml

import stylefuse
from project import ROOT, SOURCE
from served_models import fuser_weights, model_folder, weights  # noqa: F401


def test_the_version_is_written_down_once():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert "version" not in project["project"] and project["project"]["dynamic"] == ["version"]
    assert project["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "stylefuse.__version__"}
    # setuptools reads the number from the text, without importing torch or anything else.
    text = (SOURCE / "__init__.py").read_text(encoding="utf-8")
    assert re.findall(r'^__version__ = "(.+)"$', text, re.MULTILINE) == [stylefuse.__version__]
    number = re.escape(stylefuse.__version__)
    assert [
        file for file in SOURCE.rglob("*.py") if re.search(rf'"v?{number}"', file.read_text("utf-8"))
    ] == [SOURCE / "__init__.py"]


def test_a_registered_model_names_the_version_that_made_it(model_folder):  # noqa: F811
    described = yaml.safe_load((model_folder / "MLmodel").read_text(encoding="utf-8"))
    assert described["metadata"]["stylefuse"] == stylefuse.__version__


def test_the_changelog_has_an_entry_for_the_version():
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert stylefuse.__version__ in text and "## [Unreleased]" in text
