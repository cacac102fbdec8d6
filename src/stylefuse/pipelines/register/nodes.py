"""Register the generator in MLflow, once, and let the gate decide about the champion."""

import json
import logging
from collections.abc import Mapping
from typing import Any

import pandas as pd

from stylefuse.networks.weights import Weights

from .options import RegisterOptions

log = logging.getLogger(__name__)


def register_model(
    generator: Weights,
    evaluation: Mapping[str, Any],
    manifest: pd.DataFrame,
    options: RegisterOptions,
    fuser: Weights | None = None,
    fusion_evaluation: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Register the generator unless the same one already is, and move the alias if the gate lets it pass.

    A fuser goes with it if there is one that reads this generator's encoder. Rules of the gate about "fusion." are
    those of models with a fuser.

    A model that the gate blocks is registered too, with the reasons in its tags: to be looked at, not served.
    A model that passed before and is registered again changes nothing, so an alias moved back by hand stays.

    Returns:
        `outcome` ("promoted", "blocked: <reasons>" or "unchanged: version <n>"), `name`, `version`, `alias`,
        `uri`, `content` (hash), `budget` and `fusion` ("included", or why it is not).
    """
    from mlflow import MlflowClient

    from .card import measure_budget, measure_fuser_budget, write_card
    from .fusion import find_fusion
    from .gate import FUSION, judge, numbers, stale
    from .package import content_hash, log_version

    client = MlflowClient()
    fusion = find_fusion(generator.facts, fuser, fusion_evaluation)
    log.log(logging.INFO if fusion.fuser or fuser is None else logging.WARNING, "fusion: %s", fusion.status)
    rules = [rule for rule in options.gate if fusion.fuser or not rule.metric.startswith(FUSION)]
    content, metrics = content_hash(generator, fusion.fuser), numbers(evaluation) | fusion.metrics
    known = _version_with(client, options.name, content)
    data = str(generator.facts.get("data_hash", ""))
    champion = _champion_metrics(client, options, known, data)
    foreign = stale(evaluation, generator.facts) + fusion.reasons
    reasons = foreign or judge(rules, metrics, champion)
    tags = {
        "content": content,
        "metrics": json.dumps(metrics),
        "gate": "blocked" if reasons else "passed",
        "gate.reasons": "; ".join(reasons),
        "data_hash": data,
    }
    if known:
        version, budget = known.version, json.loads(known.tags.get("budget", "{}"))
        passed_before = known.tags.get("gate") == "passed"
        for key, value in tags.items():
            # Numbers of another generator are not this version's; a verdict once passed stays.
            if not foreign and not (passed_before and key.startswith("gate")):
                client.set_model_version_tag(options.name, version, key, value)
    else:
        budget: dict[str, Any] = {**measure_budget(generator)}
        if fusion.fuser:
            budget["fuser"] = measure_fuser_budget(generator, fusion.fuser)
        pictures = manifest.loc[manifest["verdict"] == "ok", "style"].value_counts().to_dict()
        card = write_card(options.name, generator.facts, evaluation, budget, pictures, fusion.metrics)
        tags["budget"] = json.dumps(budget)
        version = log_version(generator, options.name, card, tags, fusion.fuser)
        passed_before = False
    if passed_before:
        outcome = f"unchanged: version {version}"
    elif reasons:
        outcome = "blocked: " + "; ".join(reasons)
    else:
        client.set_registered_model_alias(options.name, options.alias, version)
        outcome = "promoted"
    log.info("%s version %s: %s", options.name, version, outcome)
    return {
        "outcome": outcome,
        "name": options.name,
        "version": int(version),
        "alias": options.alias,
        "uri": f"models:/{options.name}/{version}",
        "content": content,
        "budget": budget,
        "fusion": fusion.status,
    }


def _version_with(client: Any, name: str, content: str) -> Any:
    """The version registered with this content hash, or None."""
    versions = client.search_model_versions(f"name = '{name}'", max_results=10_000)
    return next((v for v in versions if v.tags.get("content") == content), None)


def _champion_metrics(
    client: Any, options: RegisterOptions, known: Any, data: str
) -> dict[str, float] | None:
    """The numbers that the champion was registered with, or None without one to compare with.

    There is none to compare with where no model, the model itself, or one of other pictures is champion.
    """
    from mlflow.exceptions import MlflowException

    try:
        champion = client.get_model_version_by_alias(options.name, options.alias)
    except MlflowException as error:
        # No such model or alias yet. Anything else (no database, no permission) must not pass for that.
        if error.error_code not in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            raise
        return None
    if known and champion.version == known.version:
        return None
    if champion.tags.get("data_hash", "") != data:
        log.info("the champion learned from other pictures: its numbers are no bar for this model")
        return None
    return json.loads(champion.tags.get("metrics", "{}"))
