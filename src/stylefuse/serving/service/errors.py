"""Refusals: a status and a body `{code, message, field, request_id}`, without traces and without paths.

A body may also have `pictures`: numbers of the pictures at fault, from 1.
"""

import json
from collections.abc import Mapping
from typing import Any

from stylefuse.tasks.chains import read_chain
from stylefuse.tasks.validation import RequestError

# Codes of request.RequestError and images.files.ImageError that are no plain 400.
STATUS = {"too_large": 413, "too_many_pixels": 413, "unsupported_type": 415, "unsupported_format": 415}


class Refused(Exception):  # noqa: N818 (an answer like any other)
    """A request that is not served.

    Args:
        status: of HTTP.
        code: one word for programs.
        message: what is wrong and what to do, for people.
        field: the part of the request at fault; empty where none is.
        headers: of the answer.
    """

    def __init__(
        self, status: int, code: str, message: str, field: str = "", headers: Mapping[str, str] | None = None
    ):
        super().__init__(message)
        self.status, self.code, self.message, self.field = status, code, message, field
        self.headers = dict(headers or {})


def error_body(code: str, message: str, field: str, request_id: str, **more: Any) -> bytes:
    """The body that answers a request which is refused or failed; UTF-8 JSON."""
    body = {"code": code, "message": message, "field": field, "request_id": request_id, **more}
    return json.dumps(body).encode()


def busy(seconds: float) -> Refused:
    """The queue is full; it will have moved on in so many seconds."""
    wait = {"Retry-After": str(max(1, round(seconds)))}
    return Refused(
        503, "busy", "too many requests are waiting: try again after Retry-After seconds", "", wait
    )


def shutting_down() -> Refused:
    headers = {"Retry-After": "1", "Connection": "close"}
    return Refused(503, "shutting_down", "the server is shutting down: try again", "", headers)


def out_of_memory() -> Refused:
    return Refused(503, "out_of_memory", "the pictures need more memory than there is: scale them down")


def no_such_place(status: int, detail: str, name: str, headers: Mapping[str, str] | None = None) -> Refused:
    """What to raise for a path or a method that the server does not have.

    Args:
        detail: what is wrong, in words.
        name: of the task or chain that was asked for; empty where none was.
    """
    code = {404: "no_such_path", 405: "no_such_method"}.get(status, "http_error")
    message = f"{detail}: /openapi.json says what there is"
    try:
        if name and "/" not in name:
            read_chain(name)
    except RequestError as error:
        message = f"{error.message}: {error.remedy}"
    return Refused(status, code, message, "", headers)


def internal() -> Refused:
    return Refused(500, "internal", "the request could not be answered; the server's log says why")
