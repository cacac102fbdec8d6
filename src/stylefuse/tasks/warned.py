"""Warnings about a result: sentences in English, and the facts from which other languages say the same."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

WARNINGS, FACTS = "warnings", "warning_facts"
# The code of a warning that came without facts; its value `sentence` is what it says.
OTHER = "other"


class Warned(NamedTuple):
    """code: one word. sentence: for programs and logs; it may name parameters. values: plain, by name, for texts."""

    code: str
    sentence: str
    values: Mapping[str, Any] = {}


def told(warned: Sequence[Warned]) -> dict[str, Any]:
    """The part of a report about warnings: `warnings`, sentences, and `warning_facts`, each a `code` and values."""
    return {
        WARNINGS: [each.sentence for each in warned],
        FACTS: [{"code": each.code, **each.values} for each in warned],
    }


def joined(*reports: Mapping[str, Any]) -> dict[str, Any]:
    """The warnings of several reports, as `told`; empty where no report speaks of warnings."""
    spoken = [report for report in reports if WARNINGS in report]
    if not spoken:
        return {}
    return {
        WARNINGS: [sentence for report in spoken for sentence in report[WARNINGS]],
        FACTS: [fact for report in spoken for fact in facts(report)],
    }


def facts(report: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The warnings of a report as facts, also where its task gave sentences alone."""
    plain = [{"code": OTHER, "sentence": sentence} for sentence in report.get(WARNINGS, ())]
    return list(report.get(FACTS, plain))
