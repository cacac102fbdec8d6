"""Build the command that starts the process for a clip, and check that the server can run one."""

import importlib.util
import json
import sys

from stylefuse.serving.service.settings import Settings
from stylefuse.serving.service.source import Model, threads_of


def no_clips(settings: Settings) -> str:
    """Why a server cannot work on clips; "" where it can."""
    if not settings.clips:
        return "it was started with --clips 0"
    if settings.labelling.certificate:
        return "it signs its results, and clips cannot be signed"
    if importlib.util.find_spec("av") is None:
        return "it lacks PyAV, which comes with stylefuse[video]"
    return ""


def clip_command(model: Model, settings: Settings) -> list[str]:
    """What starts a process that works on a clip with this model."""
    return [
        *(sys.executable, "-m", "stylefuse.serving.service.clips.worker", str(model.folder)),
        *("--threads", str(threads_of(settings)), "--frames", str(settings.clip_frames)),
        *("--labelling", json.dumps(settings.labelling.as_dict())),
    ]
