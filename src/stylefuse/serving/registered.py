"""Get a copy of a registered model from the registry, for use in this process."""

import json
import subprocess
import sys
from pathlib import Path

from stylefuse.serving.bundle import ModelError

FETCH_SECONDS = 120


class NotRegisteredError(ModelError):
    """There is no such registered model; `reason` is the message without the remedy."""

    def __init__(self, message: str, reason: str):
        super().__init__(message)
        self.reason = reason


def fetch_registered(uri: str, folder: str) -> Path:
    """Return the folder of a registered model's copy. A process of its own fetches it: MLflow changes its environment.

    Args:
        uri: "models:/<name>@<alias>" or "models:/<name>/<version>".
        folder: where the copy is put.

    Raises:
        NotRegisteredError: the registry has no such model, or there is no registry.
        ModelError: the registry cannot be asked, or the model's files are gone.
    """
    command = [sys.executable, "-m", "stylefuse.serving.service.registry", uri, folder]
    try:
        # In a session of its own, Ctrl-C ends it through this process, without a traceback of its own.
        done = subprocess.run(
            command, stdout=subprocess.PIPE, timeout=FETCH_SECONDS, check=False, start_new_session=True
        )
        found = _answer(done)
    except subprocess.TimeoutExpired:
        found = {
            "error": f"it took more than {FETCH_SECONDS} s; see that the registry answers, then try again"
        }
    except ValueError:  # it holds a null character
        found = {"error": "this is no name of a model"}
    if "error" not in found:
        return Path(found["folder"])
    message = f"{uri} cannot be fetched from the registry: {found['error']}"
    if "absent" in found:
        raise NotRegisteredError(message, found["absent"])
    raise ModelError(message)


def _answer(done: subprocess.CompletedProcess[bytes]) -> dict[str, str]:
    """What the program found: "folder", or "error"."""
    try:
        found = json.loads(done.stdout.splitlines()[-1])
    except (ValueError, IndexError):
        found = None
    if isinstance(found, dict) and found.keys() & {"folder", "error"}:
        return found
    return {"error": f"the program that asks it ended with status {done.returncode} and without an answer"}
