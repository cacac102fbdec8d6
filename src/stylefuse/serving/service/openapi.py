"""How the endpoints describe themselves in /openapi.json."""

from typing import Any

DESCRIPTION = (
    "Restyles photos, and fuses two to eight pictures of one scene into one. "
    "Pictures are JPEG, PNG, WebP, TIFF, BMP, GIF or AVIF files of at most 20 MB and 40 megapixels; HEIC too where "
    "the server has the extra `heif`."
)
_PICTURE = {"type": "string", "format": "binary", "contentMediaType": "application/octet-stream"}
_BASE64 = {"type": "string", "format": "byte", "description": "a picture file in base64, without line breaks"}
_STYLE = {
    "type": "string",
    "description": "one of /v1/styles, the first of them if left out; or several with weights, as in monet:0.7,ink:0.3",
}
_STRENGTH = {
    "type": "number",
    "minimum": 0,
    "maximum": 1,
    "default": 1,
    "description": "0 is the photo as it is",
}
_PRESERVE_COLOR = {
    "type": "string",
    "enum": ["none", "luma", "match"],
    "default": "none",
    "description": "luma: the photo's own colours, the brightness alone is restyled; match: colours moved so that "
    "their mean and covariance are the photo's",
}
_CONTRAST = {
    "type": "number",
    "minimum": 0.5,
    "maximum": 2,
    "default": 1,
    "description": "of the restyled picture, a factor around its mean brightness; 1 changes nothing",
}
_SHARPEN = {
    "type": "number",
    "minimum": 0,
    "maximum": 2,
    "default": 0,
    "description": "of the restyled picture, the amount of an unsharp mask; 0 changes nothing",
}
_MODE = {"type": "string", "default": "auto", "description": "what the pictures are to each other"}
_ALIGN = {"type": "boolean", "default": False, "description": "bring the pictures into register first"}
_FORMAT = {
    "type": "string",
    "enum": ["png", "jpeg", "webp"],
    "default": "png",
    "description": "of the answer's picture: png keeps every level, and 16 bits of a fusion; jpeg and webp have "
    "quality 95 and 8 bits. Without it, an Accept that takes image/jpeg or image/webp and no PNG says so",
}
_ERROR = {
    "type": "object",
    "properties": {name: {"type": "string"} for name in ("code", "message", "field", "request_id")},
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


def _object(required: list[str], **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def _operation(summary: str, text: str, bodies: dict[str, Any], answers: dict[str, Any]) -> dict[str, Any]:
    """What FastAPI's decorators take."""
    refused = {
        status: {"description": text, "content": {"application/json": {"schema": _ERROR}}}
        for status, text in _REFUSALS.items()
    }
    content = {kind: {"schema": schema} for kind, schema in bodies.items()}
    return {
        "summary": summary,
        "description": text,
        "responses": {200: {"description": "the picture", "content": answers}, **refused},
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
            ["image", "report"], image=_BASE64, report={"type": "object"}, request_id={"type": "string"}
        )
    },
}
_LOOK = {
    "style": _STYLE,
    "strength": _STRENGTH,
    "preserve_color": _PRESERVE_COLOR,
    "contrast": _CONTRAST,
    "sharpen": _SHARPEN,
}
_SET = {"mode": _MODE, "align": _ALIGN, **_LOOK, "format": _FORMAT}
STYLIZE = _operation(
    "Restyle a photo",
    _TEXT,
    {
        "multipart/form-data": _object(["image"], image=_PICTURE, **_LOOK, format=_FORMAT),
        "application/json": _object(["image"], image=_BASE64, **_LOOK, format=_FORMAT),
    },
    _REPORTED,
)
FUSE = _operation(
    "Fuse two to eight pictures of one scene; with a style or a strength, restyle the result",
    _TEXT,
    {
        "multipart/form-data": _object(
            ["images"], images={"type": "array", "items": _PICTURE, "minItems": 2, "maxItems": 8}, **_SET
        ),
        "application/json": _object(
            ["images"], images={"type": "array", "items": _BASE64, "minItems": 2, "maxItems": 8}, **_SET
        ),
    },
    _REPORTED,
)
INVOCATIONS = _operation(
    "The same as the model answers behind `mlflow models serve`",
    "One of dataframe_records, dataframe_split, instances and inputs holds the pictures, params the rest.",
    {"application/json": {"type": "object"}},
    {"application/json": {"schema": {"type": "object"}}},
)
