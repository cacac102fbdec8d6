"""Describe the routes for /openapi.json, from the tasks and their parameters."""

from collections.abc import Mapping
from typing import Any

from stylefuse.tasks.chains import appendable, fields_of, picture_field
from stylefuse.tasks.params import Kind, Spec
from stylefuse.tasks.task import Task

DESCRIPTION = (
    "Runs tasks on pictures, and chains of tasks; /v1/tasks lists them. "
    "Pictures are JPEG, PNG, WebP, TIFF, BMP, GIF or AVIF files of at most 20 MB and 40 megapixels; HEIC too where "
    "the server has the extra `heif`."
)
PICTURE = {"type": "string", "format": "binary", "contentMediaType": "application/octet-stream"}
_BASE64 = {"type": "string", "format": "byte", "description": "a picture file in base64, without line breaks"}
_FORMAT = {
    "type": "string",
    "enum": ["png", "jpeg", "webp"],
    "default": "png",
    "description": "of the answer's picture: png keeps every level, and 16 bits where the task does; jpeg and webp "
    "have quality 95 and 8 bits. Without it, an Accept that takes image/jpeg or image/webp and no PNG says so",
}
_ERROR = {
    "type": "object",
    "properties": {
        **{name: {"type": "string"} for name in ("code", "message", "field", "request_id")},
        "pictures": {
            "type": "array",
            "items": {"type": "integer"},
            "description": "numbers of the pictures at fault, from 1, if some are",
        },
    },
}
_REFUSALS = {
    400: "a field is wrong; `field` names it and `message` says what to send",
    401: "the token is missing or wrong",
    403: "a page of another site sends the request, and the server was not started to allow it",
    408: "the body did not arrive in time",
    413: "a picture or the body is too large",
    415: "the body's type, or a picture's format, is not read here",
    421: "`Host` is not a name of this server",
    500: "a fault of the server",
    503: "too many requests wait, or the server is stopping: try again after Retry-After seconds",
    504: "it took too long, and was given up",
}


def refusals(more: Mapping[int, str] | None = None, only: bool = False) -> dict[int | str, dict[str, Any]]:
    """Refusals that a route may answer with: those of all routes that run something, and `more`, or these only."""
    texts = {**({} if only else _REFUSALS), **(more or {})}
    return {
        status: {"description": text, "content": {"application/json": {"schema": _ERROR}}}
        for status, text in texts.items()
    }


def _object(required: list[str], **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def _operation(summary: str, text: str, bodies: dict[str, Any], answers: dict[str, Any]) -> dict[str, Any]:
    """What FastAPI's decorators take."""
    content = {kind: {"schema": schema} for kind, schema in bodies.items()}
    return {
        "summary": summary,
        "description": text,
        "responses": {200: {"description": "the picture", "content": answers}, **refusals()},
        "openapi_extra": {"requestBody": {"required": True, "content": content}},
    }


_TEXT = (
    "The answer is the picture with the report of how it was made as JSON in the header X-Report; "
    "or, when Accept names application/json, an object with `image` (base64), `report` and `request_id`."
)
_REPORTED = {
    **{f"image/{name}": {"schema": {"type": "string", "format": "binary"}} for name in _FORMAT["enum"]},
    "application/json": {
        "schema": _object(
            ["image", "report"],
            image=_BASE64,
            report={"type": "object"},
            request_id={"type": "string"},
            maps={"type": "object", "additionalProperties": {"type": "array", "items": _BASE64}},
            maps_missing={"type": "object", "additionalProperties": {"type": "object"}},
        )
    },
}


def operation(task: Task) -> dict[str, Any]:
    """What FastAPI's decorator of a task's route takes."""
    properties = {name: schema(spec) for name, spec in fields_of([task]).items()}
    properties |= {"format": _FORMAT, "explain": _explain(task)}
    field = picture_field(task)
    appended = "".join(
        f"; with {' or '.join(other.appended_by)}, then {other.phrase}" for other in appendable([task])
    )

    def body(picture: dict[str, Any]) -> dict[str, Any]:
        least, most = task.pictures
        several = {"type": "array", "items": picture, "minItems": least, "maxItems": most}
        further = {name: {**picture, "description": text} for name, text in task.also.items()}
        return _object(
            [field], **{field: several if task.takes_several else picture}, **further, **properties
        )

    bodies = {"multipart/form-data": body(PICTURE), "application/json": body(_BASE64)}
    return _operation(f"{task.summary}{appended}", _TEXT, bodies, _REPORTED)


def _explain(task: Task) -> dict[str, Any]:
    shown = "".join(f"; {name}: {text}" for name, text in task.maps.items())
    text = (
        "true, or names with commas between them: the answer, which must be asked for as JSON, also has `maps`: they "
        f"explain the result, as grey PNG files in base64 by name; `maps_missing` says why one cannot be made{shown}"
    )
    return {"type": ["boolean", "string"], "default": False, "description": text}


def describe(task: Task, about: Mapping[str, Any]) -> dict[str, Any]:
    """A task for `/v1/tasks`, with the names that the served model knows in its parameters' schemas."""
    properties = {name: schema(spec, about) for name, spec in task.specs.items()}
    return {
        "name": task.name,
        "summary": task.summary,
        "path": f"/v1/{task.name}",
        "picture_field": picture_field(task),
        "pictures": {"least": task.pictures[0], "most": task.pictures[1]},
        "optional_pictures": dict(task.also),
        "maps": dict(task.maps),
        "follows": task.follows,
        "parameters": {"type": "object", "properties": properties, "additionalProperties": False},
    }


def schema(spec: Spec, about: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """A parameter as JSON Schema; with the served model's lists of names, its names are examples."""
    types = {Kind.TEXT: "string", Kind.NUMBER: "number", Kind.INTEGER: "integer", Kind.FLAG: "boolean"}
    schema: dict[str, Any] = {"type": types[spec.kind], "description": spec.help}
    optional = {
        "enum": list(spec.names) or None,
        "minimum": spec.least,
        "maximum": spec.most,
        "default": spec.default,
    }
    schema |= {key: value for key, value in optional.items() if value is not None}
    if about and spec.names_of:
        schema |= {"examples": about[spec.listed_as], "default": about[spec.listed_as][0]}
    return schema


CHAIN = _operation(
    "Run a chain of tasks, a+b+c",
    "Every task but the first works on the result of the task before. The fields are those of the first task's route "
    "and the parameters of the others. " + _TEXT,
    {"multipart/form-data": {"type": "object"}, "application/json": {"type": "object"}},
    _REPORTED,
)
INVOCATIONS = _operation(
    "The same as the model answers behind `mlflow models serve`",
    "One of dataframe_records, dataframe_split, instances and inputs holds the pictures, params the rest.",
    {"application/json": {"type": "object"}},
    {"application/json": {"schema": {"type": "object"}}},
)
