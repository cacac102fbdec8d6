"""The model that is used where none is named: the registered champion, else the one that the package brings."""

from pathlib import Path

from stylefuse import ready_made
from stylefuse.serving.bundle import ModelError

CHAMPION = "models:/stylefuse@champion"
VERSION = "ready-made"
HELP = f"registered model, folder or file; by default {CHAMPION}, or the ready-made model where there is none"


def use_ready_made(reason: str) -> tuple[Path, str]:
    """Return the folder of the ready-made model, and a line that says that it is used.

    Args:
        reason: why there is no champion.

    Raises:
        ModelError: this installation lacks it.
    """
    if path := ready_made.missing():
        raise ModelError(
            f"{reason}, and this installation lacks the ready-made model ({path}): train a model "
            "(`kedro run --pipelines train_style`), name a model, or install StyleFuse again"
        )
    return ready_made.FOLDER, (
        f"{reason}: using the ready-made model (styles: {', '.join(ready_made.styles())}; "
        f"trained on what {ready_made.FOLDER / 'DATA_CARD.md'} lists)"
    )
