"""How a picture is to look: which styles, how strong, whose colours, and what is done to the result."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from stylefuse.tasks.stylize.colour import CHOICES, NONE
from stylefuse.tasks.stylize.mixture import STYLE, as_text, read_mixture
from stylefuse.tasks.stylize.postprocess import CONTRASTS, NO_CONTRAST, NO_SHARPENING, SHARPENINGS
from stylefuse.tasks.validation import read_name, read_number, refuse_unknown

STRENGTH, PRESERVE_COLOR, CONTRAST, SHARPEN = "strength", "preserve_color", "contrast", "sharpen"
# What a look is asked for with. The last three alone do not ask for one: they say what to do with a restyled picture.
LOOK = (STYLE, STRENGTH, PRESERVE_COLOR, CONTRAST, SHARPEN)
FINISH = (PRESERVE_COLOR, CONTRAST, SHARPEN)


class Look(NamedTuple):
    """How to restyle a picture.

    styles: weights by name, which sum to one.
    strength: 0 (the photo) to 1 (the styles).
    preserve_color: one of `colour.CHOICES`.
    contrast, sharpen: see `postprocess.adjust`.
    """

    styles: Mapping[str, float]
    strength: float = 1.0
    preserve_color: str = NONE
    contrast: float = NO_CONTRAST
    sharpen: float = NO_SHARPENING

    def report(self) -> dict[str, Any]:
        """What was done, as plain values for JSON: `style` as it may be sent again, and `styles`, the weights."""
        styles = {name: round(weight, 4) for name, weight in self.styles.items()}
        return {STYLE: as_text(self.styles), "styles": styles, **dict(zip(LOOK[1:], self[1:], strict=True))}


def look_defaults(styles: Sequence[str]) -> dict[str, Any]:
    """The parameters with the values that they have when they are left out."""
    return dict(zip(LOOK, (styles[1], *Look({})[1:]), strict=True))


def read_look(params: Mapping[str, Any], styles: Sequence[str]) -> Look:
    """Read the parameters of a look.

    Args:
        params: those of `LOOK` that are given.
        styles: names of the generator's rows, "photo" first.

    Raises:
        RequestError: a parameter is unknown, of the wrong type, or out of range.
    """
    refuse_unknown(params, LOOK, "parameter")
    known = look_defaults(styles)
    return Look(
        read_mixture(params.get(STYLE, known[STYLE]), styles[1:]),
        read_number(
            params,
            STRENGTH,
            (0, 1),
            known[STRENGTH],
            "send a number from 0 (the photo as it is) to 1 (the full style)",
        ),
        read_name(params, PRESERVE_COLOR, CHOICES, known[PRESERVE_COLOR]),
        read_number(params, CONTRAST, CONTRASTS, known[CONTRAST], _span(CONTRASTS, NO_CONTRAST)),
        read_number(params, SHARPEN, SHARPENINGS, known[SHARPEN], _span(SHARPENINGS, NO_SHARPENING)),
    )


def _span(bounds: tuple[float, float], off: float) -> str:
    return f"send a number from {bounds[0]:g} to {bounds[1]:g}; {off:g} changes nothing"
