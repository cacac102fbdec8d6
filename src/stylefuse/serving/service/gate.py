"""What every request passes, whatever it asks for: an id, the token, and an entry in log and metrics."""

import asyncio
import hmac
import logging
import re
import uuid
from dataclasses import dataclass

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stylefuse.serving.service.errors import error_body
from stylefuse.serving.service.metrics import Metrics

log = logging.getLogger(__name__)
# Anyone may ask whether the server is well: what asks, load balancers and such, often knows no token.
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


class Gate:
    """ASGI middleware; puts a Call into the request's scope as "call".

    Args:
        app: behind the gate.
        metrics: where requests are counted.
        token: which requests must bear (RFC 6750), or None.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics, token: str | None = None):
        self._app, self._metrics = app, metrics
        self._expected = f"Bearer {token}".encode() if token else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        headers = Headers(scope=scope)
        given = headers.get("x-request-id", "")
        loop = asyncio.get_running_loop()
        call = scope["call"] = Call(given if _ID.fullmatch(given) else uuid.uuid4().hex, loop.time())
        status = 500

        async def named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-ID"] = call.id
            await send(message)

        try:
            if self._may_pass(scope["path"], headers):
                await self._app(scope, receive, named)
            else:
                await _unauthorized(call, named)
        finally:
            self._record(call, scope["path"], status, loop.time() - call.started)

    def _may_pass(self, path: str, headers: Headers) -> bool:
        if self._expected is None or path in OPEN:
            return True
        given = headers.get("authorization", "").encode("latin-1")
        return hmac.compare_digest(given, self._expected)

    def _record(self, call: Call, path: str, status: int, seconds: float) -> None:
        self._metrics.requests.labels(call.task, status).inc()
        if call.reason:
            self._metrics.refused.labels(call.reason).inc()
        if call.task == "other":
            return
        self._metrics.seconds.labels(call.task).observe(seconds)
        self._metrics.megapixels.labels(call.task).inc(call.pixels / 1e6)
        log.info("%s %s %d %s %.3f s", call.id, call.task, status, call.reason or "ok", seconds)


async def _unauthorized(call: Call, send: Send) -> None:
    call.reason = "unauthorized"
    message = "Authorization: send this server's token as: Authorization: Bearer <token>"
    body = error_body(call.reason, message, "Authorization", call.id)
    headers = [(b"content-type", b"application/json"), (b"www-authenticate", b"Bearer")]
    headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": 401, "headers": headers})
    await send({"type": "http.response.body", "body": body})
