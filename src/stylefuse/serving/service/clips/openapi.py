"""Describe the routes of clips for /openapi.json."""

from typing import Any

from stylefuse.serving.service.clips.jobs import STATES
from stylefuse.serving.service.clips.params import ClipParams
from stylefuse.serving.service.openapi import PICTURE as FILE
from stylefuse.serving.service.openapi import refusals, schema
from stylefuse.serving.service.settings import Settings
from stylefuse.tasks.params import specs

PATH = "/v1/video"
_ID = {
    "id": {"type": "string"},
    "name": {"type": "string"},
    "state": {"type": "string", "enum": list(STATES)},
}
_JOB = {
    "type": "object",
    "properties": {
        **_ID,
        "ahead": {"type": "integer", "description": "waiting: how many jobs are done before it"},
        "frames": {"type": "integer", "description": "done so far"},
        "total": {"type": "integer", "description": "frames of the clip; 0 until it is known"},
        "seconds": {"type": "number", "description": "in work"},
        "result": {"type": "string", "description": "done: path of the file"},
        "file": {"type": "string", "description": "a name for it"},
        "bytes": {"type": "integer"},
        "report": {"type": "object"},
        "error": {"type": "object", "description": "failed: code, message and field, as of any refusal"},
        "kept_for": {"type": "integer", "description": "done or failed: seconds until it is removed"},
    },
}
_TOLD = {"application/json": {"schema": _JOB}}
_GONE = {404: "there is no such job: it was deleted, or its time is over"}
_MORE = {
    404: "there is no such job",
    501: "the server was started without clips, or lacks the extra `video`",
    507: "there is no room for more clips",
}

VIDEO: dict[str, Any] = {
    "summary": "Start a job: run a task, or a chain of tasks, on every frame of a clip",
    "description": "The answer comes when the clip has been sent; `Location` names the job. Fields are `clip`, a file; "
    "`task`, a task that takes one picture, or fuse, or a chain that begins with one; and their parameters.",
    "responses": {202: {"description": "the job", "content": _TOLD}, **refusals(_MORE)},
    "openapi_extra": {
        "requestBody": {
            "required": True,
            "content": {
                "multipart/form-data": {
                    "schema": {
                        "type": "object",
                        "properties": {
                            "clip": FILE,
                            "task": {"type": "string"},
                            **{name: schema(spec) for name, spec in specs(ClipParams).items()},
                        },
                        "required": ["clip"],
                    }
                }
            },
        }
    },
}
TELL: dict[str, Any] = {
    "summary": "How far a job is",
    "responses": {200: {"description": "the job", "content": _TOLD}, **refusals(_GONE, only=True)},
}


def about_clips(settings: Settings) -> dict[str, Any]:
    """What `/v1/tasks` says of clips."""
    properties = {name: schema(spec) for name, spec in specs(ClipParams).items()}
    return {
        "path": PATH,
        "most_bytes": settings.clip_bytes,
        "parameters": {"type": "object", "properties": properties, "additionalProperties": False},
    }


REMOVE: dict[str, Any] = {
    "summary": "Cancel a job, or delete its result",
    "responses": {204: {"description": "nothing of it is left"}, **refusals(_GONE, only=True)},
}
RESULT: dict[str, Any] = {
    "summary": "The clip that a job made; Range is answered",
    "response_model": None,
    "responses": {
        200: {"description": "the clip", "content": {"video/*": {"schema": FILE}}},
        **refusals({**_GONE, 409: "the job is not done"}, only=True),
    },
}
