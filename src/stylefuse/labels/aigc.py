"""The label of GB 45438-2025, Appendix E: one JSON object of seven texts, known as AIGC."""

import json
import re
from typing import Any

FIELDS = (
    "Label",
    "ContentProducer",
    "ProduceID",
    "ReservedCode1",
    "ContentPropagator",
    "PropagateID",
    "ReservedCode2",
)
# Values of `Label`: the picture is, may be, or is suspected to be made by AI.
IS_AI, MAY_BE_AI, SUSPECTED = "1", "2", "3"
KINDS = {IS_AI: "is", MAY_BE_AI: "may_be", SUSPECTED: "suspected"}
_MOST_CHARACTERS = 10_000  # far more than a label needs
_ALLOWED = re.compile(r"[!#-\[\]-~]*")  # 0x21, 0x23 to 0x5B, 0x5D to 0x7E: no space, quote or backslash


def label_of(producer: str, number: str) -> str:
    """Return the label of a picture that was made by AI, as JSON.

    Args:
        producer: who made it: a name or a code; see `fault_of_value`.
        number: of the picture at that producer.

    Raises:
        ValueError: a value holds characters that the standard does not allow.
    """
    for value in (producer, number):
        if fault := fault_of_value(value):
            raise ValueError(fault)
    values = (IS_AI, producer, number, "", producer, number, "")
    return json.dumps(dict(zip(FIELDS, values, strict=True)), separators=(",", ":"))


def fault_of_value(value: str) -> str:
    """Why a text cannot be a producer or a number; "" if it can."""
    if not value or len(value) > 200:
        return f"it has {len(value)} characters: use 1 to 200"
    if not _ALLOWED.fullmatch(value):
        allowed = "ASCII letters, digits and signs, but no space, quote or backslash"
        return f"{value!r} has other characters than the label may hold: use {allowed}"
    return ""


def read_label(text: str) -> dict[str, Any]:
    """Return what a label says, whether or not it is correct in all its parts.

    Raises:
        ValueError: it is no JSON object with a known `Label`.
    """
    return dict(_pairs(text))


def fault_of(text: str) -> str:
    """Why a label does not follow the standard, for people; "" if it does."""
    try:
        pairs = _pairs(text)
    except ValueError as error:
        return str(error)
    names = [name for name, _ in pairs]
    if names != list(FIELDS):
        return f"its fields are {', '.join(map(repr, names))[:200]}, not {', '.join(FIELDS)}"
    wrong = [name for name, value in pairs if not isinstance(value, str) or not _ALLOWED.fullmatch(value)]
    if wrong:
        return f"the value of {', '.join(wrong)} is no text of the characters that are allowed"
    return ""


def _pairs(text: str) -> list[tuple[str, Any]]:
    if len(text) > _MOST_CHARACTERS:
        raise ValueError(f"it has {len(text)} characters")
    try:
        found = json.loads(text, object_pairs_hook=lambda pairs: pairs)
    except (ValueError, RecursionError):
        raise ValueError("it is no JSON") from None
    # In other places than XMP, the standard puts the object into another one: {"AIGC": {…}}.
    if _is_object(found) and len(found) == 1 and found[0][0] == "AIGC":
        found = found[0][1]
    if not _is_object(found):
        raise ValueError("it is no JSON object")
    kind = dict(found).get("Label")
    if not isinstance(kind, str) or kind not in KINDS:
        raise ValueError(f"its Label is {kind!r}, not 1, 2 or 3"[:200])
    return found


def _is_object(found: Any) -> bool:
    """Whether this is what `_pairs` makes of a JSON object, not of a list."""
    return isinstance(found, list) and bool(found) and all(isinstance(each, tuple) for each in found)
