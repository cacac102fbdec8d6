"""Decide by the promotion rules whether a model may become the champion. Pure functions on plain numbers."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from stylefuse.pipelines.register.options import Rule

# What the evaluation and the weights both tell about the generator.
IDENTITY = ("fingerprint", "data_hash", "images_seen")


def numbers(evaluation: Mapping[str, Any], prefix: str = "") -> dict[str, float]:
    """Return every number of a nest of mappings under its dotted path."""
    found: dict[str, float] = {}
    for key, value in evaluation.items():
        path = f"{prefix}{key}"
        if isinstance(value, Mapping):
            found |= numbers(value, f"{path}.")
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            found[path] = float(value)
    return found


def stale(evaluation: Mapping[str, Any], facts: Mapping[str, Any]) -> list[str]:
    """Return a reason when the evaluation is of another generator than the one with these facts."""
    about = evaluation.get("about", {})
    same = all(about[key] == facts.get(key) for key in IDENTITY if key in about)
    return [] if same else ["the evaluation is of another generator: run the evaluate pipeline again"]


def objections(
    rules: Sequence[Rule],
    metrics: Mapping[str, float],
    champion: Mapping[str, float] | None,
    prefixes: Sequence[str] = (),
) -> list[str]:
    """Return the reasons against promoting a model; an empty list lets it pass.

    Args:
        rules: all must hold.
        metrics: the model's numbers by dotted path.
        champion: those of the present champion; None when there is none, which satisfies every comparison.
        prefixes: of the heads' numbers. A champion without a head's numbers satisfies the comparisons with them.
    """
    reasons = (_objection(rule, metrics, champion, prefixes) for rule in rules)
    return [reason for reason in reasons if reason]


def prefix_of(metric: str, prefixes: Sequence[str]) -> str:
    """Which of the heads' prefixes a metric lies under; empty where none."""
    first = metric.partition(".")[0]
    return first if first in prefixes else ""


def _objection(
    rule: Rule,
    metrics: Mapping[str, float],
    champion: Mapping[str, float] | None,
    prefixes: Sequence[str],
) -> str:
    name = rule.metric
    value = metrics.get(name)
    if value is None or math.isnan(value):
        return f"{name} is missing from the evaluation"
    if rule.at_least is not None:
        return "" if value >= rule.at_least else f"{name} is {value:.4g}, below {rule.at_least:g}"
    if rule.at_most is not None:
        return "" if value <= rule.at_most else f"{name} is {value:.4g}, above {rule.at_most:g}"
    if champion is None:
        return ""
    prefix = prefix_of(name, prefixes)
    if prefix and not any(key.startswith(f"{prefix}.") for key in champion):
        return ""
    if name not in champion:
        return f"{name} of the champion is unknown: drop the rule, or move the alias by hand"
    worse = champion[name] - value if rule.higher_is_better else value - champion[name]
    if rule.not_worse_than_champion_by is None or worse <= rule.not_worse_than_champion_by:
        return ""
    allowed = f"{rule.not_worse_than_champion_by:g}"
    return f"{name} is {value:.4g}, worse than the champion's {champion[name]:.4g} by more than {allowed}"
