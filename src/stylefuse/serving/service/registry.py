"""Fetch a registered model: `python -m stylefuse.serving.service.registry <uri> <folder>`.

It is a process of its own: MLflow's memory and its locks on the tracking database end with it, and it can be
stopped. What it found, or why it failed, is a line of JSON on standard output.
"""

import json
import os
import re
import sys
from pathlib import Path
from typing import Any

from stylefuse.tracking.connection import EXPERIMENT, PATIENCE, naming_server
from stylefuse.tracking.database import file_of
from stylefuse.tracking.moved import follow_move

# Of what there is, in an error.
SHOWN, SHOWN_VERSIONS = 20, 3
_NONE, _FIRST = "no model is registered", "run `kedro run --pipelines train_style` first"
_NAMED = re.compile(r"models:/(?P<name>[^/@]+)(@(?P<alias>[^/@]+)|/(?P<version>\d+))")


class NotRegisteredError(ValueError):
    """There is no such model; `reason` is the message without the remedy."""

    def __init__(self, reason: str, remedy: str = ""):
        super().__init__(f"{reason}: {remedy}" if remedy else reason)
        self.reason = reason


def fetch(uri: str, folder: Path) -> dict[str, Any]:
    """Copy a registered model into a folder.

    Args:
        uri: `models:/<name>@<alias>` or `models:/<name>/<version>`; the database is `$MLFLOW_TRACKING_URI`, else
            `mlflow.db` in the current folder.
        folder: to be filled.

    Returns:
        `name` and `version`, and `folder`, where the model lies.

    Raises:
        NotRegisteredError: there is no such model; the message lists those that there are.
        ValueError: the URI is none of these, or the model's files are gone.
        TrackingError: the database or the server cannot be used.
    """
    named = _NAMED.fullmatch(uri)
    if not named:
        raise ValueError(f"{uri!r} names no model: use models:/<name>@<alias> or models:/<name>/<version>")
    if not os.environ.get("MLFLOW_TRACKING_URI"):
        if not Path("mlflow.db").is_file():
            remedy = "start in the project's folder, or set MLFLOW_TRACKING_URI, or name the folder of a model instead"
            raise NotRegisteredError("there is no mlflow.db here", remedy)
        os.environ["MLFLOW_TRACKING_URI"] = "sqlite:///mlflow.db"
    address = os.environ["MLFLOW_TRACKING_URI"]
    for variable, value in PATIENCE.items():
        os.environ.setdefault(variable, value)
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    if database := file_of(address):
        if not database.is_file():  # MLflow would make it
            raise NotRegisteredError(f"there is no {uri}; {_NONE}", _FIRST)
        follow_move(database, EXPERIMENT)
    with naming_server(address, "start it, or name the folder of a model instead"):
        return _fetch(uri, named, folder)


def _fetch(uri: str, named: re.Match[str], folder: Path) -> dict[str, Any]:
    import mlflow
    from mlflow.exceptions import MlflowException

    client = mlflow.MlflowClient()
    name = named["name"]
    try:
        if named["alias"]:
            version = client.get_model_version_by_alias(name, named["alias"])
        else:
            version = client.get_model_version(name, named["version"])
    except MlflowException as error:
        if error.error_code not in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            raise
        reason, remedy = _models(client)
        raise NotRegisteredError(f"there is no {uri}; {reason}", remedy) from None
    # By version, not by alias: that may move in between.
    exact = f"models:/{name}/{version.version}"
    try:
        found = mlflow.artifacts.download_artifacts(exact, dst_path=str(folder))
        missing = not (Path(found) / "MLmodel").is_file()
    except FileNotFoundError:
        missing = True
    except MlflowException as error:
        if error.error_code not in ("RESOURCE_DOES_NOT_EXIST", "NOT_FOUND"):
            raise
        missing = True
    if missing:
        place = client.get_model_version_download_uri(name, version.version)
        raise ValueError(
            f"the files of {exact} are gone from {place}: bring them back, or run `kedro run --pipelines register` "
            "in the project, which registers the model anew"
        )
    return {"name": name, "version": str(version.version), "folder": found}


def _models(client: Any) -> tuple[str, str]:
    """The registered models with their newest versions, as `--model` takes them, and why the gate blocked one.

    Returns:
        These, and what to do where there are none.
    """
    models = client.search_registered_models(max_results=SHOWN)
    lines = []
    for model in models:
        quote = '"' if "'" in model.name else "'"
        versions = client.search_model_versions(f"name = {quote}{model.name}{quote}", max_results=1000)
        newest = sorted(versions, key=lambda version: -int(version.version))
        alias_of = {str(version): alias for alias, version in model.aliases.items()}
        kept = [v for i, v in enumerate(newest) if i < SHOWN_VERSIONS or str(v.version) in alias_of]
        lines += [_line(version, alias_of.get(str(version.version))) for version in kept]
    if not lines:
        return _NONE, _FIRST
    return "registered are " + ", ".join(lines) + (", and more" if models.token else ""), ""


def _line(version: Any, alias: str | None) -> str:
    if alias:
        return f"models:/{version.name}@{alias} (version {version.version})"
    reasons = version.tags.get("gate.reasons")
    return f"models:/{version.name}/{version.version}" + (f" (blocked: {reasons})" if reasons else "")


def main() -> int:
    try:
        found = fetch(sys.argv[1], Path(sys.argv[2]))
    except NotRegisteredError as error:
        found = {"error": str(error), "absent": error.reason}
    except Exception as error:
        # The first line: SQLAlchemy goes on with the statement and a link.
        found = {"error": (str(error).strip() or type(error).__name__).splitlines()[0][:2000]}
    print(json.dumps(found))
    return 1 if "error" in found else 0


if __name__ == "__main__":
    sys.exit(main())
