"""The one door to torchvision: a healthy one is left alone, one without its operators recovers, all else is told."""

import importlib
import subprocess
import sys
from types import ModuleType

import pytest
import torch

from stylefuse._torchvision import load_torchvision


class Installed:
    """A torchvision whose import fails with these errors in turn, then succeeds."""

    def __init__(self, *errors: Exception):
        self.errors, self.attempts, self.module = list(errors), 0, ModuleType("torchvision")

    def __call__(self, name: str) -> ModuleType:
        assert name == "torchvision"
        self.attempts += 1
        # what a failed import of a package leaves behind
        sys.modules["torchvision.extension"] = ModuleType("torchvision.extension")
        if self.errors:
            raise self.errors.pop(0)
        return self.module


@pytest.fixture
def install(monkeypatch):
    """Put an `Installed` in the place of the real one; returns it and the operators that get declared."""
    declared = []
    for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "torchvision.extension", ModuleType("torchvision.extension"))
    monkeypatch.setattr(torch.library, "define", lambda name, schema: declared.append(name))

    def install(*errors):
        installed = Installed(*errors)
        monkeypatch.setattr(importlib, "import_module", installed)
        return installed, declared

    return install


def missing(operator: str) -> RuntimeError:
    return RuntimeError(f"operator torchvision::{operator} does not exist")


def test_a_healthy_torchvision_is_left_alone(install):
    installed, declared = install()
    assert load_torchvision() is installed.module
    assert (installed.attempts, declared) == (1, [])
    assert "torchvision.extension" in sys.modules


def test_missing_operators_are_declared_one_by_one(install):
    installed, declared = install(missing("nms"), missing("qnms"))
    assert load_torchvision() is installed.module
    assert declared == ["torchvision::nms", "torchvision::qnms"]
    assert installed.attempts == 3


def test_the_half_imported_package_is_forgotten(install, monkeypatch):
    install(missing("nms"))
    seen = []
    monkeypatch.setattr(torch.library, "define", lambda *_: seen.extend(sys.modules))
    load_torchvision()
    assert seen and not [name for name in seen if name.startswith("torchvision")]


@pytest.mark.parametrize("error", [RuntimeError("CUDA version mismatch"), ImportError("no torchvision")])
def test_any_other_failure_is_told(install, error):
    installed, declared = install(error)
    with pytest.raises(type(error)) as raised:
        load_torchvision()
    assert raised.value is error
    assert (installed.attempts, declared) == (1, [])


def test_it_gives_up_with_the_remedy(install):
    install(*(missing(f"operator{i}") for i in range(50)))
    with pytest.raises(RuntimeError, match="install the build that matches your torch"):
        load_torchvision()


def test_the_installed_one_works():
    """In a process of its own, as another test may have loaded it here."""
    code = """
from stylefuse._torchvision import load_torchvision
module = load_torchvision()
import torch, torchvision
from torchvision.transforms import v2
assert module is torchvision is load_torchvision()
assert v2.CenterCrop(4)(torch.zeros(3, 8, 8)).shape == (3, 4, 4)
"""
    subprocess.run([sys.executable, "-c", code], check=True)
