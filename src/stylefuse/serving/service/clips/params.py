"""Parameters of a clip, beside those of its tasks."""

from stylefuse.tasks.params import Flag, Number, Params, flag, number

_STEADY = "send a number from 0 to 0.9; 0 paints every frame for itself"


class ClipParams(Params):
    """What `video.transform.VideoOptions` holds, as far as a request may say it."""

    steady: Number = number(
        0.6,
        0.0,
        0.9,
        "How much of each frame is taken from the frame before, along the motion: less flicker, softer motion.",
        _STEADY,
    )
    tone_map: Flag = flag(False, "Reduce the colours of an HDR clip to those of ordinary screens.")
    first_shot: Flag = flag(False, "Only the beginning of the first shot, as a preview.")
