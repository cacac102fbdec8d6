"""Register the model in MLflow, once, and promote it to champion if the rules allow it."""

import json
import logging
import shlex
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import Any

import pandas as pd

from stylefuse.images.manifest import data_hash, kept
from stylefuse.networks.weights import Weights

from .explainers import find_explainers
from .options import RegisterOptions

log = logging.getLogger(__name__)


def register_model(
    generator: Weights,
    evaluation: Mapping[str, Any],
    manifest: pd.DataFrame,
    options: RegisterOptions,
    classifier: Weights | None = None,
    critic: Weights | None = None,
    *heads: Weights | Mapping[str, Any] | None,
) -> dict[str, Any]:
    """Register the generator with its heads unless the same model already is, and move the alias if the rules allow it.

    Classifier and critic go with the generator that was trained with them; they explain its results.
    A head goes with the generator if it reads this generator's encoder. Promotion rules about a head's numbers are
    those of models with that head.

    A model that a rule blocks is registered too, with the reasons in its tags: to be looked at, not served.
    A model that passed before and is registered again changes nothing, so an alias moved back by hand stays.
    A version whose files are gone is registered anew, as another version.

    Args:
        heads: for each head in the order of `find_heads`, its weights and its evaluation, or None.

    Returns:
        `outcome` ("promoted", "blocked: <reasons>" or "unchanged: version <n>"), `name`, `version`, `alias`,
        `uri`, `content` (hash), `budget`; and for each head, under its name of reports, "included" or why it is not.

    Raises:
        TrackingError: the registry does not answer.
    """
    import mlflow

    from stylefuse.tracking.connection import naming_server

    remedy = "start it, then run `kedro run --pipelines register`: nothing else has to run again"
    with naming_server(mlflow.get_tracking_uri(), remedy):
        explainers = find_explainers(generator, classifier, critic)
        return _register(generator, evaluation, manifest, options, explainers, heads)


def _register(
    generator: Weights,
    evaluation: Mapping[str, Any],
    manifest: pd.DataFrame,
    options: RegisterOptions,
    explainers: Mapping[str, Weights],
    given: Sequence[Any],
) -> dict[str, Any]:
    from mlflow import MlflowClient

    from stylefuse.serving.bundle import GENERATOR
    from stylefuse.tasks.task import find_heads

    from .card import measure_budget, measure_head_budgets, write_card
    from .heads import find_head
    from .package import content_hash, log_version
    from .promotion import numbers, objections, prefix_of, stale
    from .versions import champion_numbers, find_champion, find_version, is_complete, tagged

    client = MlflowClient()
    pairs = zip_longest(given[::2], given[1::2])
    entries = [
        find_head(head, generator, *(pair or (None, None)))
        for head, pair in zip_longest(find_heads().values(), pairs)
    ]
    for entry in entries:
        left_out = entry.weights is None and not entry.status.startswith("none")
        log.log(logging.WARNING if left_out else logging.INFO, "%s: %s", entry.head.reports, entry.status)
    included = [entry for entry in entries if entry.weights]
    networks = {GENERATOR: generator} | {each.head.weights: each.weights for each in entries if each.weights}
    networks |= explainers
    prefixes = [entry.head.reports for entry in entries]
    without = set(prefixes) - {entry.head.reports for entry in included}
    rules = [rule for rule in options.gate if prefix_of(rule.metric, prefixes) not in without]
    metrics = numbers(evaluation)
    for entry in entries:
        metrics |= entry.metrics
    content = content_hash(networks)
    known, complete = find_version(options.name, content, list(networks))
    data = str(generator.facts.get("data_hash", ""))
    champion = find_champion(options)
    foreign = stale(evaluation, generator.facts) + [reason for entry in entries for reason in entry.reasons]
    compared = champion_numbers(champion, known, data, rules)
    reasons = foreign or objections(rules, metrics, compared, prefixes)
    tags = {
        "content": content,
        "metrics": tagged(metrics, rules),
        "gate": "blocked" if reasons else "passed",
        "gate.reasons": "; ".join(reasons),
        "data_hash": data,
    }
    passed_before = known is not None and known.tags.get("gate") == "passed"
    if complete:
        version = known.version
        budget: dict[str, Any] = json.loads(known.tags.get("budget", "{}"))
        for key, value in tags.items():
            # Numbers of another generator are not this version's; a verdict once passed stays.
            if not foreign and not (passed_before and key.startswith("gate")):
                client.set_model_version_tag(options.name, version, key, value)
    else:
        budget = {**measure_budget(generator), **measure_head_budgets(networks)}
        pictures = kept(manifest)["style"].value_counts().to_dict() if data == data_hash(manifest) else {}
        card = write_card(options.name, generator.facts, evaluation, budget, pictures, included)
        tags["budget"] = json.dumps(budget)
        version = log_version(networks, options.name, card, tags, metrics)
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
    _log_how_to_serve(options, version, outcome)
    return {
        "outcome": outcome,
        "name": options.name,
        "version": int(version),
        "alias": options.alias,
        "uri": f"models:/{options.name}/{version}",
        "content": content,
        "budget": budget,
        **{entry.head.reports: entry.status for entry in entries},
    }


def _log_how_to_serve(options: RegisterOptions, version: str | int, outcome: str) -> None:
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
