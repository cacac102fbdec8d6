"""Register the generator in MLflow, once, and let the gate decide about the champion."""

import json
import logging
import shlex
from collections.abc import Mapping
from typing import Any

import pandas as pd

from stylefuse.images.manifest import data_hash, kept
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
    A version whose files are gone is registered anew, as another version.

    Returns:
        `outcome` ("promoted", "blocked: <reasons>" or "unchanged: version <n>"), `name`, `version`, `alias`,
        `uri`, `content` (hash), `budget` and `fusion` ("included", or why it is not).

    Raises:
        TrackingError: the registry does not answer.
    """
    import mlflow

    from stylefuse.tracking.connection import naming_server

    remedy = "start it, then run `kedro run --pipelines register`: nothing else has to run again"
    with naming_server(mlflow.get_tracking_uri(), remedy):
        return _register(generator, evaluation, manifest, options, fuser, fusion_evaluation)


def _register(
    generator: Weights,
    evaluation: Mapping[str, Any],
    manifest: pd.DataFrame,
    options: RegisterOptions,
    fuser: Weights | None,
    fusion_evaluation: Mapping[str, Any] | None,
) -> dict[str, Any]:
    from mlflow import MlflowClient

    from .card import measure_budget, measure_fuser_budget, write_card
    from .fusion import find_fusion
    from .package import content_hash, log_version
    from .promotion import FUSION, judge, numbers, stale
    from .versions import champion_numbers, find_champion, find_version, is_complete, tagged

    client = MlflowClient()
    fusion = find_fusion(generator.facts, fuser, fusion_evaluation)
    log.log(logging.INFO if fusion.fuser or fuser is None else logging.WARNING, "fusion: %s", fusion.status)
    rules = [rule for rule in options.gate if fusion.fuser or not rule.metric.startswith(FUSION)]
    content, metrics = content_hash(generator, fusion.fuser), numbers(evaluation) | fusion.metrics
    networks = ("generator", "fuser") if fusion.fuser else ("generator",)
    known, complete = find_version(options.name, content, networks)
    data = str(generator.facts.get("data_hash", ""))
    champion = find_champion(options)
    foreign = stale(evaluation, generator.facts) + fusion.reasons
    reasons = foreign or judge(rules, metrics, champion_numbers(champion, known, data, rules))
    tags = {
        "content": content,
        "metrics": tagged(metrics, rules),
        "gate": "blocked" if reasons else "passed",
        "gate.reasons": "; ".join(reasons),
        "data_hash": data,
    }
    passed_before = known is not None and known.tags.get("gate") == "passed"
    if complete:
        version, budget = known.version, json.loads(known.tags.get("budget", "{}"))
        for key, value in tags.items():
            # Numbers of another generator are not this version's; a verdict once passed stays.
            if not foreign and not (passed_before and key.startswith("gate")):
                client.set_model_version_tag(options.name, version, key, value)
    else:
        budget: dict[str, Any] = {**measure_budget(generator)}
        if fusion.fuser:
            budget["fuser"] = measure_fuser_budget(generator, fusion.fuser)
        pictures = kept(manifest)["style"].value_counts().to_dict() if data == data_hash(manifest) else {}
        card = write_card(options.name, generator.facts, evaluation, budget, pictures, fusion.metrics)
        tags["budget"] = json.dumps(budget)
        version = log_version(generator, options.name, card, tags, fusion.fuser, metrics)
        if known:
            log.warning(
                "the files of %s version %s are gone: registered anew, as version %s",
                options.name,
                known.version,
                version,
            )
            # An alias that somebody moved to another version stays there, as long as that one can be served.
            passed_before &= (
                champion is not None and champion.version != known.version and is_complete(champion)
            )
    if passed_before:
        outcome = f"unchanged: version {version}"
    elif reasons:
        outcome = "blocked: " + "; ".join(reasons)
    else:
        client.set_registered_model_alias(options.name, options.alias, version)
        outcome = "promoted"
    log.info("%s version %s: %s", options.name, version, outcome)
    _say_how_to_serve(options, version, outcome)
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


def _say_how_to_serve(options: RegisterOptions, version: str | int, outcome: str) -> None:
    """Log the command that serves this version."""
    if outcome == "promoted":
        log.info("serve it: %s", serving_command(f"{options.name}@{options.alias}"))
        return
    command = serving_command(f"{options.name}/{version}")
    if outcome.startswith("blocked"):
        log.warning(
            "it does not become %s (%s); to look at it all the same: %s", options.alias, outcome, command
        )
    else:
        log.info("serve this version: %s", command)


def serving_command(model: str) -> str:
    """The command that serves a registered model, as a shell takes it."""
    return f"stylefuse serve --model {shlex.quote(f'models:/{model}')}"
