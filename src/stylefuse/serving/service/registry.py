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

_NAMED = re.compile(r"models:/(?P<name>[^/@]+)(@(?P<alias>[^/@]+)|/(?P<version>\d+))")


def fetch(uri: str, folder: Path) -> dict[str, Any]:
    """Copy a registered model into a folder.

    Args:
        uri: `models:/<name>@<alias>` or `models:/<name>/<version>`; the database is `$MLFLOW_TRACKING_URI`, else
            `mlflow.db` in the current folder.
        folder: to be filled.

    Returns:
        `name` and `version`, and `folder`, where the model lies.

    Raises:
        ValueError: the URI is none of these, or there is no such model.
    """
    named = _NAMED.fullmatch(uri)
    if not named:
        raise ValueError(f"{uri!r} names no model: use models:/<name>@<alias> or models:/<name>/<version>")
    if not os.environ.get("MLFLOW_TRACKING_URI"):
        if not Path("mlflow.db").is_file():
            remedy = (
                "start in the project's folder, or set MLFLOW_TRACKING_URI, or name a folder with --model"
            )
            raise ValueError(f"there is no mlflow.db here: {remedy}")
        os.environ["MLFLOW_TRACKING_URI"] = "sqlite:///mlflow.db"
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    import mlflow

    name, version = named["name"], named["version"]
    if named["alias"]:
        version = str(mlflow.MlflowClient().get_model_version_by_alias(name, named["alias"]).version)
    # By version, not by alias: that may move in between.
    found = mlflow.artifacts.download_artifacts(f"models:/{name}/{version}", dst_path=str(folder))
    return {"name": name, "version": version, "folder": found}


def main() -> int:
    try:
        found = fetch(sys.argv[1], Path(sys.argv[2]))
    except Exception as error:
        # The first line: SQLAlchemy goes on with the statement and a link.
        found = {"error": (str(error).strip() or type(error).__name__).splitlines()[0][:500]}
    print(json.dumps(found))
    return 1 if "error" in found else 0


if __name__ == "__main__":
    sys.exit(main())
