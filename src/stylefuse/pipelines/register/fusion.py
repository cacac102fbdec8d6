"""Whether there is a fuser that belongs to the generator, and numbers that belong to the fuser."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from stylefuse.networks.weights import Weights
from stylefuse.pipelines.register.promotion import FUSION, numbers


class Fusion(NamedTuple):
    """What a model registers of fusion.

    fuser: None where the model cannot fuse.
    status: "included", or why it is not.
    metrics: numbers by dotted path, under "fusion."; empty without a fuser or its evaluation.
    reasons: against making the model champion.
    """

    fuser: Weights | None
    status: str
    metrics: dict[str, float]
    reasons: list[str]


def find_fusion(
    generator: Mapping[str, Any], fuser: Weights | None, evaluation: Mapping[str, Any] | None
) -> Fusion:
    """Decide what of fusion goes into the model.

    Args:
        generator: its facts.
        fuser: the one trained last, perhaps on another generator's encoder, or None.
        evaluation: `summary`, numbers of fusion; `about`, with the `fingerprint` of the fuser they are of.
    """
    if fuser is None:
        return Fusion(None, "none: no fuser was trained, see the train_fusion pipeline", {}, [])
    reads, own = fuser.facts.get("generator"), generator.get("fingerprint")
    if reads != own:
        why = f"the fuser reads the encoder of generator {reads}, this one is {own}"
        return Fusion(None, f"left out: {why}; run the train_fusion pipeline again", {}, [])
    if evaluation is None:
        return Fusion(fuser, "included", {}, [])
    measured, fingerprint = evaluation.get("about", {}).get("fingerprint"), fuser.facts.get("fingerprint")
    if measured != fingerprint:
        reason = f"the numbers of fusion are of fuser {measured}, this one is {fingerprint}: measure it again"
        return Fusion(fuser, "included", {}, [reason])
    summary = {"summary": evaluation.get("summary", {})}
    return Fusion(fuser, "included", numbers(summary, FUSION), [])
