"""Parameters of fusion."""

from stylefuse.tasks.fuse.modes import AUTO, Mode
from stylefuse.tasks.params import Flag, Params, choice, flag


class FuseParams(Params):
    """How to fuse a set of pictures."""

    mode: Mode = choice(AUTO, "what the pictures are to each other; auto: it is detected", listed_as="modes")
    align: Flag = flag(False, "align the pictures with the first one, and crop to what all of them show")
