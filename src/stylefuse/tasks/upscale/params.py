"""Parameters of enlarging."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator

from stylefuse.tasks.params import Number, Params, choice, number


def _as_text(value: Any) -> Any:
    """A whole number as text: people send 2 as well as "2"."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


class UpscaleParams(Params):
    """How to enlarge a picture. The defaults double its sides and keep its grain."""

    scale: Annotated[Literal["2", "4"], BeforeValidator(_as_text)] = choice(
        "2", "how many times as wide and as high the result is"
    )
    denoise: Number = number(
        0.0,
        0,
        1,
        "how much noise is taken out; 0 leaves grain as it is, 0.1 is for JPEG files, 0.3 for a camera's noise",
        "send a number from 0 (grain stays as it is) to 1 (heavy noise is taken out)",
    )
    detail: Number = number(
        0.0,
        0,
        1,
        "0 is closest to the truth and a little soft, 1 adds the fine texture that photos have",
        "send a number from 0 (closest to the truth) to 1 (all of the added texture)",
    )
