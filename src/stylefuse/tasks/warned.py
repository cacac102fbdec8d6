"""Warnings about a result: sentences in English, and the facts that reports in any language are made from."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

WARNINGS, FACTS = "warnings", "warning_facts"
# The code of a warning that came without facts; its value `sentence` is the warning in English.
OTHER = "other"


class Warned(NamedTuple):
    """code: one word. sentence: for programs and logs; it may name parameters. values: plain, by name, for texts."""

    code: str
    sentence: str
    values: Mapping[str, Any] = {}


def report_part(warned: Sequence[Warned]) -> dict[str, Any]:
    """The part of a report about warnings: `warnings`, sentences, and `warning_facts`, each a `code` and values."""
    return {
        WARNINGS: [each.sentence for each in warned],
        FACTS: [{"code": each.code, **each.values} for each in warned],
    }


def joined(*reports: Mapping[str, Any]) -> dict[str, Any]:
    """The warnings of several reports, as `report_part`; empty where no report has any."""
    with_warnings = [report for report in reports if WARNINGS in report]
    if not with_warnings:
        return {}
    return {
        WARNINGS: [sentence for report in with_warnings for sentence in report[WARNINGS]],
        FACTS: [fact for report in with_warnings for fact in facts(report)],
    }


def merged(*reports: Mapping[str, Any]) -> dict[str, Any]:
    """Several reports about one result as one: later values win, and all warnings are kept."""
    return {name: value for report in reports for name, value in report.items()} | joined(*reports)


def facts(report: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The warnings of a report as facts, also where its task gave sentences alone."""
    plain = [{"code": OTHER, "sentence": sentence} for sentence in report.get(WARNINGS, ())]
    return list(report.get(FACTS, plain))
