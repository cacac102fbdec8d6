"""Parameters of restoring."""

from typing import Literal

from stylefuse.tasks.params import Flag, Number, Params, choice, flag, number

ESTIMATE = -1.0  # of noise and quality
NO_NOISE, BEST_QUALITY = 0.0, 100.0
NONE, RELIC = PRESETS = ("none", "relic")


class RestoreParams(Params):
    """How to restore a picture. By default all damage is estimated, and removed where there is some."""

    noise: Number = number(
        ESTIMATE,
        ESTIMATE,
        75,
        "standard deviation of the noise to remove, in levels of 255; 0 leaves noise alone, -1 estimates it",
        "send a number from 0 (leave noise alone) to 75, or -1 (estimate it)",
    )
    quality: Number = number(
        ESTIMATE,
        ESTIMATE,
        100,
        "JPEG quality whose traces are to be removed; 100 leaves them alone, -1 estimates it",
        "send a number from 1 to 100 (leave JPEG's traces alone), or -1 (estimate it)",
    )
    scratches: Flag = flag(
        False,
        "find scratches and fill them; look at the result: fine detail is mistaken for scratches at times",
    )
    preset: Literal["none", "relic"] = choice(
        NONE,
        "relic: for records of cultural heritage; noise and JPEG's traces are left alone unless noise or quality say "
        "otherwise, and with scratches only those that are found with certainty are filled",
        "restore_presets",
    )
