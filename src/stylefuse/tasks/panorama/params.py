"""Parameters of panoramas."""

from typing import Literal

from stylefuse.tasks.params import Flag, Number, Params, choice, flag, number

AUTO = "auto"


class PanoramaParams(Params):
    """How to join overlapping pictures."""

    projection: Literal["auto", "plane", "cylinder", "sphere"] = choice(
        AUTO,
        "what the panorama is drawn on: a plane keeps straight lines straight, a cylinder keeps verticals straight, a "
        "sphere holds everything; auto: as the field of view needs it",
        listed_as="projections",
    )
    crop: Flag = flag(True, "crop to the largest rectangle without empty corners; else these are black")
    partial: Flag = flag(False, "leave out pictures that do not belong, instead of refusing the set")
    size: Number = number(
        1.0,
        0.05,
        1,
        "how large the panorama is; 1: as many pixels as the pictures have",
        "send a number from 0.05 to 1; 1 keeps all pixels of the pictures",
    )
