"""Errors of clips that cannot be processed, and of a missing PyAV."""

from typing import Any

EXTRA = "install stylefuse[video]"


class VideoError(ValueError):
    """A clip cannot be worked on.

    code: a word for programs, such as "hdr". message: what is wrong. remedy: what to do.
    """

    def __init__(self, code: str, message: str, remedy: str):
        super().__init__(f"{message}: {remedy}")
        self.code, self.message, self.remedy = code, message, remedy

    # For pickling: the default calls __init__ with one argument and fails.
    def __reduce__(self) -> tuple[type, tuple[str, str, str]]:
        return VideoError, (self.code, self.message, self.remedy)


class Cancelled(Exception):  # noqa: N818 (no error)
    """The work was cancelled; what is finished stays beside the target."""


def load_av() -> Any:
    """Return PyAV.

    Raises:
        VideoError: it is not installed.
    """
    try:
        import av
    except ImportError:
        raise VideoError("no_video", "clips need PyAV, which is not installed", EXTRA) from None
    return av
