"""Middleware: give every request an id, check who sends it, and record it in log and metrics."""

import asyncio
import hmac
import logging
import re
import uuid
from dataclasses import dataclass

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stylefuse.serving.service.access import Access, is_preflight
from stylefuse.serving.service.errors import Refused, error_body
from stylefuse.serving.service.metrics import Metrics
from stylefuse.serving.service.page import is_page

log = logging.getLogger(__name__)
# Anyone may ask whether the server is well, and learns no more than that. Load balancers and such often know no token,
# and ask under any name.
OPEN = ("/live", "/ready")
# An id goes into the log: none with line breaks, or that fills it.
_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")


@dataclass
class Call:
    """A request on its way. started: on the event loop's clock; task, reason: for metrics, as they become known."""

    id: str
    started: float
    task: str = "other"
    reason: str = ""
    pixels: int = 0


class Middleware:
    """ASGI middleware; puts a Call into the request's scope as "call".

    Args:
        app: what answers the requests that pass.
        metrics: where requests are counted.
        access: which requests are answered at all.
        token: which requests must bear (RFC 6750), or None.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics, access: Access, token: str | None = None):
        self._app, self._metrics, self._access = app, metrics, access
        self._expected = f"Bearer {token}".encode() if token else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        headers = Headers(scope=scope)
        given = headers.get("x-request-id", "")
        loop = asyncio.get_running_loop()
        call = scope["call"] = Call(given if _ID.fullmatch(given) else uuid.uuid4().hex, loop.time())
        preflight = is_preflight(scope["method"], headers) and self._access.allows(headers.get("origin"))
        status = 500

        async def named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                answer = MutableHeaders(scope=message)
                answer["X-Request-ID"] = call.id
                answer.update(self._access.answers(headers, preflight))
            await send(message)

        try:
            if scope["path"] not in OPEN:
                self._access.check(scope["method"], headers)
                if not preflight and not is_page(scope["path"]):  # which browsers load without the token
                    self._check_token(headers)
            app = Response(status_code=204) if preflight else self._app
            await app(scope, receive, named)
        except Refused as refused:
            call.reason = refused.code
            log.info("%s %d %s", call.id, refused.status, refused.message)
            body = error_body(refused.code, refused.message, refused.field, call.id)
            answer = Response(body, refused.status, refused.headers, "application/json")
            await answer(scope, receive, named)
        finally:
            self._record(call, scope["path"], status, loop.time() - call.started)

    def _check_token(self, headers: Headers) -> None:
        given = headers.get("authorization", "").encode("latin-1")
        if self._expected is not None and not hmac.compare_digest(given, self._expected):
            message = "Authorization: send this server's token as: Authorization: Bearer <token>"
            raise Refused(401, "unauthorized", message, "Authorization", {"WWW-Authenticate": "Bearer"})

    def _record(self, call: Call, path: str, status: int, seconds: float) -> None:
        self._metrics.requests.labels(call.task, status).inc()
        if call.reason:
            self._metrics.refused.labels(call.reason).inc()
        if call.task == "other":
            return
        self._metrics.seconds.labels(call.task).observe(seconds)
        self._metrics.megapixels.labels(call.task).inc(call.pixels / 1e6)
        log.info("%s %s %d %s %.3f s", call.id, call.task, status, call.reason or "ok", seconds)
