"""HTTP/1.1 connections of uvicorn, with time limits for slow clients."""

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from stylefuse.serving.service.errors import error_body

# For a request's head to arrive; for what is left of a refused body; for a finished answer, or the next part of a long
# one, to be fetched.
HEAD_SECONDS, REST_SECONDS, FETCH_SECONDS = 10.0, 5.0, 60.0
_PHRASES = {400: "Bad Request", 408: "Request Timeout"}


class HurriedProtocol(H11Protocol):
    """Ends connections that keep a request's head, the rest of a refused body or an answer waiting.

    uvicorn waits for these for ever, and a connection costs a file descriptor and memory. How long a body may take
    while it is read is the application's to decide.
    """

    def __init__(self, *args: Any, **options: Any):
        super().__init__(*args, **options)
        self._timer: asyncio.TimerHandle | None = None
        self._stalled: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_watching()
        self._goes_on()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Begin to wait for a client that does not read: what streams to it holds files open."""
        super().pause_writing()
        self._stalled = self._stalled or self.loop.call_later(FETCH_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        self._goes_on()
        super().resume_writing()

    def _goes_on(self) -> None:
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None

    def on_response_complete(self) -> None:
        answered = self.cycle
        super().on_response_complete()
        self._watch()
        if self.transport.get_write_buffer_size():
            self.loop.call_later(FETCH_SECONDS, self._give_up, answered)

    def send_400_response(self, msg: str) -> None:
        self._refuse(400, "bad_http", f"this is no HTTP that can be read ({msg})")

    def _watch(self) -> None:
        """Keep a timer running for as long as something is overdue: bytes that trickle do not wind it up again."""
        between = self.cycle is not None and not self.conn.trailing_data[0]  # uvicorn's own timer runs
        head = self.conn.their_state is h11.IDLE and self.conn.our_state is h11.IDLE and not between
        rest = self.conn.their_state is h11.SEND_BODY and self.conn.our_state is h11.DONE
        if not (head or rest) or self.transport.is_closing():
            self._stop_watching()
        elif self._timer is None:
            self._timer = self.loop.call_later(HEAD_SECONDS if head else REST_SECONDS, self._overdue)

    def _stop_watching(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _overdue(self) -> None:
        self._timer = None
        if self.transport.is_closing():
            return
        if self.conn.their_state is h11.IDLE and self.conn.trailing_data[0]:
            self._refuse(408, "slow_head", "the request's head did not arrive in time: send it faster")
        else:
            self.transport.close()

    def _give_up(self, answered: Any) -> None:
        # Closing would wait until all that was written has been fetched.
        if self.cycle is answered and self.transport.get_write_buffer_size():
            self.transport.abort()

    def _refuse(self, status: int, code: str, message: str) -> None:
        body = error_body(code, message, "", "")
        head = (
            f"HTTP/1.1 {status} {_PHRASES[status]}\r\nContent-Type: application/json\r\nConnection: close\r\n"
        )
        self.transport.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        self.transport.close()
