"""Parameters of restyling."""

from typing import Literal

from stylefuse.tasks.params import Name, Number, Params, choice, name_of, number

# "none": the style's colours; see `colour.preserve_color`.
NONE, LUMA, MATCH = KEPT = ("none", "luma", "match")
# Least and most of each, and its default; see `paint.paint` and `postprocess.adjust`.
STROKE_SIZES, AS_PAINTED = (0.25, 4.0), 1.0
CONTRASTS, NO_CONTRAST = (0.5, 2.0), 1.0
SHARPENINGS, NO_SHARPENING = (0.0, 2.0), 0.0


class StylizeParams(Params):
    """How to restyle a picture. The defaults restyle it fully in the model's first style, and change nothing else."""

    style: Name = name_of(
        "styles",
        "a style of the model; the first of them if left out; or several with weights, as in monet:0.7,ink:0.3",
    )
    strength: Number = number(
        1.0,
        0,
        1,
        "0 is the photo as it is, 1 the full style",
        "send a number from 0 (the photo as it is) to 1 (the full style)",
    )
    stroke_size: Number = number(
        AS_PAINTED,
        *STROKE_SIZES,
        "of the strokes relative to the picture; 1: as large in it as in the paintings, 2: twice as large. The same "
        "picture looks alike at 512 px and at 24 megapixels; its pixels limit how fine strokes can be",
    )
    preserve_color: Literal["none", "luma", "match"] = choice(
        NONE,
        "none: the style's colours; luma: the photo's own colours, only the brightness is restyled; match: colours "
        "moved so that their mean and covariance are the photo's",
    )
    contrast: Number = number(
        NO_CONTRAST,
        *CONTRASTS,
        "of the restyled picture, a factor around its mean brightness; 1 changes nothing",
    )
    sharpen: Number = number(
        NO_SHARPENING,
        *SHARPENINGS,
        "of the restyled picture, the amount of an unsharp mask; 0 changes nothing",
    )
