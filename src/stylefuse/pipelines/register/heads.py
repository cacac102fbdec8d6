"""Check that a trained head belongs to the generator, and its evaluation to the head."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from stylefuse.networks.weights import Weights
from stylefuse.pipelines.register.promotion import numbers
from stylefuse.tasks.head import Head


class HeadEntry(NamedTuple):
    """What a model registers of a head.

    weights: None where the model goes without it.
    status: "included", or why it is not.
    metrics: numbers by dotted path, under the head's prefix; empty without the head or its evaluation.
    reasons: against making the model champion.
    """

    head: Head
    weights: Weights | None
    status: str
    metrics: dict[str, float]
    reasons: list[str]


def find_head(
    head: Head,
    generator: Weights,
    weights: Weights | None,
    evaluation: Mapping[str, Any] | None,
) -> HeadEntry:
    """Decide what of a head goes into the model.

    Args:
        generator: the one to be registered.
        weights: the head trained last, perhaps over another encoder, or None.
        evaluation: `summary`, numbers of the head; `about`, with the `fingerprint` of the head they are of.
    """
    if weights is None:
        status = f"none: no {head.weights} was trained, see the {head.trained_by} pipeline"
        return HeadEntry(head, None, status, {}, [])
    from stylefuse.networks.generator import load_generator

    encoder, fingerprint = load_generator(generator).encoder, generator.facts.get("fingerprint")
    try:
        head.check(weights, encoder, fingerprint)
    except ValueError as error:
        return HeadEntry(head, None, f"left out: {error}", {}, [])
    if evaluation is None:
        return HeadEntry(head, weights, "included", {}, [])
    measured, fingerprint = evaluation.get("about", {}).get("fingerprint"), weights.facts.get("fingerprint")
    if measured != fingerprint:
        reason = (
            f"the numbers of {head.reports} are of {head.weights} {measured}, this one is {fingerprint}: "
            "measure it again"
        )
        return HeadEntry(head, weights, "included", {}, [reason])
    summary = {"summary": evaluation.get("summary", {})}
    return HeadEntry(head, weights, "included", numbers(summary, f"{head.reports}."), [])
