"""Parameters of a clip, beside those of its tasks."""

from stylefuse.tasks.params import Flag, Number, Params, flag, number
from stylefuse.video.options import DEFAULT_STEADY, MOST_STEADY


class ClipParams(Params):
    """How a clip is worked on: fields of `video.options.VideoOptions`."""

    steady: Number = number(
        DEFAULT_STEADY,
        0.0,
        MOST_STEADY,
        "Share of what was painted before in each frame of a shot, against flicker.",
        f"send a number from 0 to {MOST_STEADY}; 0 paints every frame for itself",
    )
    tone_map: Flag = flag(
        False, "Reduce the colours of an HDR clip, which is refused otherwise, to ordinary ones."
    )
    preview: int = number(
        0,
        0,
        240,
        "Of the first shot, at most so many frames, without sound; 0: the whole clip.",
        "send a whole number from 0 to 240; 0 works on the whole clip",
    )
