"""What starts the process that works on a clip, and whether there can be one."""

import importlib.util
import json
import sys

from stylefuse.serving.service.settings import Settings
from stylefuse.serving.service.source import Model, threads_of


def has_video() -> bool:
    """Whether PyAV, the extra `video`, is installed."""
    return importlib.util.find_spec("av") is not None


def clip_command(model: Model, settings: Settings) -> list[str]:
    """What starts a process that works on a clip with this model."""
    return [
        *(sys.executable, "-m", "stylefuse.serving.service.clips.worker", str(model.folder)),
        *("--threads", str(threads_of(settings)), "--frames", str(settings.clip_frames)),
        *("--labelling", json.dumps(settings.labelling.as_dict())),
    ]
