"""Answer `POST /v1/ask`: a request in words becomes a chain with parameters. Nothing is run, and nothing is kept.

Reports in words are asked for with `?language=`.
"""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from fastapi import Request, Response

from stylefuse.messages import LANGUAGES
from stylefuse.serving.bodies import parse
from stylefuse.serving.service import limits
from stylefuse.serving.service.errors import Refused
from stylefuse.tasks.task import find_tasks
from stylefuse.tasks.validation import RequestError, read_name, refuse_unknown, shown
from stylefuse.words.answer import read_state
from stylefuse.words.dialogue import Served, ask

MOST_BYTES = 64_000
FIELDS = ("text", "state", "language")
EXAMPLE = 'send {"text": "like Monet, keep my colours"}, and "state" from the last answer to go on'
ASK: dict[str, Any] = {
    "summary": "Say in words, English or Chinese, what to do",
    "description": "The answer is `kind` (request, question, refusal or help), `text` for people, and of a request "
    "`chain`, `params`, `pictures` and `command`. Nothing is run. The client sends `state` back to go on with the "
    "dialogue, as in `a bit weaker` or `undo`.",
    "openapi_extra": {
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {
                        "type": "object",
                        "properties": {
                            "text": {"type": "string"},
                            "state": {"type": "object"},
                            "language": {"type": "string", "enum": list(LANGUAGES)},
                        },
                        "required": ["text"],
                        "additionalProperties": False,
                    }
                }
            },
        }
    },
}


async def answer(request: Request, about: Mapping[str, Any], held: limits.Held, deadline: float) -> Response:
    """Answer a request.

    Args:
        about: what the served model is; see `RequestHandler.about`.
        held, deadline: see `limits.body_of`.

    Raises:
        Refused: it is not JSON, or a field is wrong.
    """
    request.scope["call"].task = "ask"
    limits.check_type(request.headers, (limits.JSON,))
    async with limits.body_of(request, MOST_BYTES, deadline, held) as body:
        try:
            # In a thread: the first question fits the judge, which takes a second.
            answer = await asyncio.to_thread(_answer, bytes(body), about)
        except RequestError as error:
            raise Refused(400, error.code, str(error), error.field) from None
    return Response(json.dumps(answer), media_type=limits.JSON)


def languages(request: Request) -> list[str]:
    """The languages of a result's report in words, from `?language=en,zh`; none where it is not asked for."""
    asked = [each for each in request.query_params.get("language", "").split(",") if each]
    if unknown := [each for each in asked if each not in LANGUAGES]:
        message = (
            f"language: {shown(unknown[0])} is not an allowed value; send {' or '.join(LANGUAGES)}, or both"
        )
        raise Refused(400, "invalid_value", message, "language")
    return asked


def _answer(body: bytes, about: Mapping[str, Any]) -> dict[str, Any]:
    fields = parse(body, EXAMPLE)
    refuse_unknown(fields, FIELDS, "field")
    language = read_name(fields, "language", LANGUAGES, "") if "language" in fields else None
    tasks = tuple(name for name in find_tasks() if name in about["tasks"])
    served = Served(tuple(about.get("styles", ())), tasks)
    return ask(fields.get("text"), served, read_state(fields.get("state")), language).plain()
