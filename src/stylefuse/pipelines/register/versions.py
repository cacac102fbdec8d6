"""Find registered versions: by content, whether their files exist, and the numbers of the champion."""

import json
import logging
from collections.abc import Mapping, Sequence
from typing import Any

import mlflow
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from .options import RegisterOptions, Rule
from .package import NUMBERS, named

log = logging.getLogger(__name__)

# Numbers that say as much of one style as of two hundred: beside those that the rules name, they go into the tag.
_SUMMARY = "summary."


def find_version(name: str, content: str, networks: Sequence[str]) -> tuple[Any, bool]:
    """Find the version that was registered with this content hash, and say whether its files are there.

    Of several, the newest whose files are there, else the newest.

    Args:
        networks: whose weights the version holds: "generator", and heads.

    Returns:
        MLflow's version, None without one; and whether it can be served.
    """
    versions = MlflowClient().search_model_versions(named(name), max_results=10_000)
    same = sorted((v for v in versions if v.tags.get("content") == content), key=lambda v: -int(v.version))
    for version in same:
        if is_complete(version, networks):
            return version, True
    return (same[0], False) if same else (None, False)


def is_complete(version: Any, networks: Sequence[str] = ("generator",)) -> bool:
    """Whether the files of a version are where the registry says; they are listed, not read."""
    uri = f"models:/{version.name}/{version.version}"
    return {"MLmodel", "code"} <= _listed(uri) and {f"{name}.safetensors" for name in networks} <= _listed(
        uri, "artifacts"
    )


def _listed(uri: str, folder: str | None = None) -> set[str]:
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    try:
        found = get_artifact_repository(uri).list_artifacts(folder)
    except FileNotFoundError:
        return set()
    except MlflowException as error:
        # An outage must not pass for a file that is gone.
        if error.error_code not in ("RESOURCE_DOES_NOT_EXIST", "NOT_FOUND"):
            raise
        return set()
    return {file.path.rpartition("/")[2] for file in found}


def tagged(numbers: Mapping[str, float], rules: Sequence[Rule]) -> str:
    """The numbers for a version's tag, as JSON: those of the promotion rules and the summaries.

    A tag is limited to 100 000 characters, and the numbers of each style take some 2500.
    """
    wanted = {rule.metric for rule in rules}
    return json.dumps(
        {k: v for k, v in numbers.items() if k in wanted or k.startswith(_SUMMARY) or f".{_SUMMARY}" in k}
    )


def find_champion(options: RegisterOptions) -> Any:
    """The version that the alias names, or None."""
    try:
        return MlflowClient().get_model_version_by_alias(options.name, options.alias)
    except MlflowException as error:
        # No such model or alias yet. Anything else (no database, no permission) must not pass for that.
        if error.error_code not in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            raise
        return None


def champion_numbers(champion: Any, known: Any, data: str, rules: Sequence[Rule]) -> dict[str, float] | None:
    """The numbers that the champion was registered with, or None without one to compare with.

    There is none to compare with where no model, the model itself, or one of other pictures is champion.
    """
    if champion is None or (known and champion.version == known.version):
        return None
    if champion.tags.get("data_hash", "") != data:
        log.info("the champion learned from other pictures: its numbers are no bar for this model")
        return None
    numbers = json.loads(champion.tags.get("metrics", "{}"))
    compared = {rule.metric for rule in rules if rule.not_worse_than_champion_by is not None}
    if compared <= numbers.keys():
        return numbers
    return _all_numbers(champion) | numbers  # the tag is newer: a later evaluation changes it


def _all_numbers(version: Any) -> dict[str, float]:
    """All numbers that a version was registered with; versions from before there was this file have none in it."""
    try:
        uri = f"models:/{version.name}/{version.version}/artifacts/{NUMBERS}.json"
        return mlflow.artifacts.load_dict(uri)
    except (MlflowException, OSError) as error:
        log.debug("no file of numbers in version %s (%s)", version.version, error)
        return {}
