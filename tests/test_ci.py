"""What is tested automatically is what a newcomer is told to type."""

import os
import re
import subprocess

from project import ROOT

SCRIPT = ROOT / ".ci" / "run"


def test_the_readmes_test_command_is_the_one_that_runs():
    (command,) = re.findall(r"^bash -c '(.+)'$", SCRIPT.read_text(encoding="utf-8"), flags=re.MULTILINE)
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    assert command in lines
    assert command in (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def test_the_script_can_be_run():
    assert os.access(SCRIPT, os.X_OK)
    subprocess.run(["bash", "-n", SCRIPT], check=True)


def test_a_failing_install_or_test_fails_the_script(tmp_path):
    """`set -e` does not see a failure on the left of &&; the script must."""
    text = SCRIPT.read_text(encoding="utf-8").splitlines()
    (line,) = [number for number, each in enumerate(text) if each.startswith("bash -c")]
    for fake in ({"pip": 1, "pytest": 0}, {"pip": 0, "pytest": 1}):
        for name, status in fake.items():
            (tmp_path / name).write_text(f"#!/bin/sh\nexit {status}\n")
            (tmp_path / name).chmod(0o755)
        script = "\n".join(["set -euo pipefail", text[line], "echo went on"])
        path = f"{tmp_path}:{os.environ['PATH']}"
        done = subprocess.run(["bash", "-c", script], env={"PATH": path}, capture_output=True, text=True)
        assert (done.returncode, done.stdout) == (1, "")
