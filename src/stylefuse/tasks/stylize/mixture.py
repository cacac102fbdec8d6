"""Styles by weight, written as text: "monet", or "monet:0.7,vangogh:0.3". MLflow's parameters know no objects."""

import json
import math
import re
import unicodedata
from collections.abc import Mapping, Sequence

from stylefuse.images.names import printable
from stylefuse.tasks.validation import RequestError, shown

STYLE = "style"
# Without a sign: weights are positive. Text that is no number matches as an empty one.
_NUMBER = r"(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?|"


def read_mixture(text: object, styles: Sequence[str]) -> dict[str, float]:
    """Read a style, or several with their weights.

    Args:
        text: the name of a style; or entries of a name, a colon and a positive weight, between them a comma or a plus
            (where commas separate something else already, as after `kedro run --params`). The name of a style is
            always that style; in a mixture, of two names that fit the longer one is meant. Letters with accents may
            be composed (NFC) or not (NFD, as in names of folders that come from a Mac).
        styles: names that there are.

    Returns:
        Weights by name, in the order of `styles`, which sum to one.

    Raises:
        RequestError: a style is unknown or named twice, a weight is missing or not a positive number.
    """
    if isinstance(text, int) and abs(text) < 10**20:
        text = json.dumps(
            text
        )  # a style may be called 1905 or true, and some programs send that without quotes
    if not isinstance(text, str):
        raise _unknown(shown(text), styles)
    spelt = {_composed(name): name for name in styles}
    if len(spelt) == len(styles):
        text = _composed(text)
    else:  # two styles look the same: only their own spelling tells them apart
        spelt = {name: name for name in styles}
    if text in spelt:
        return {spelt[text]: 1.0}
    names = "|".join(re.escape(name) for name in sorted(spelt, key=len, reverse=True))
    entry = re.compile(rf"\s*({names})\s*:\s*({_NUMBER})\s*([,+]|$)?")
    weights: dict[str, float] = {}
    rest: str | None = text
    while rest is not None:
        found = entry.match(rest)
        if found is None:
            name = rest.partition(":")[0].strip()
            raise _weightless(name) if name in spelt else _unknown(shown(name), styles)
        name, number, end = spelt[found[1]], found[2], found[3]
        if name in weights:
            raise RequestError(STYLE, f"{shown(name)} is there more than once", "name each style once")
        weights[name] = _positive(number)
        if end is None or not weights[name]:
            raise _weightless(name)
        rest = rest[found.end() :] if end else None
    # By the largest first: the sum of huge weights would be infinite.
    largest = max(weights.values())
    total = math.fsum(weight / largest for weight in weights.values())
    return {name: weights[name] / largest / total for name in styles if name in weights}


def as_text(mixture: Mapping[str, float]) -> str:
    """A mixture as text that `read_mixture` reads."""
    if len(mixture) == 1:
        return next(iter(mixture))
    return ",".join(f"{name}:{weight:.4g}" for name, weight in mixture.items())


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _positive(number: str) -> float:
    """The number, or 0 where there is none, or it is too large or small for one."""
    value = float(number or 0)
    return value if math.isfinite(value) else 0.0


def _weightless(name: str) -> RequestError:
    remedy = (
        f"send the style alone, or its share as in {printable(name)}:0.7, and leave out those of weight 0"
    )
    return RequestError(STYLE, f"the weight of {shown(name)} is not a positive number", remedy)


def _unknown(quoted: str, styles: Sequence[str]) -> RequestError:
    styles = [printable(name) for name in styles]
    remedy = f"this model's styles are {', '.join(styles)}"
    if len(styles) > 1:
        remedy += f"; mix them as in {styles[0]}:0.7,{styles[1]}:0.3"
    return RequestError(STYLE, f"{quoted} is not a style of this model", remedy, "unknown_style")
