"""Checks before and while a request's body is read: media type, size, time."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping

from starlette.requests import Request

from stylefuse.serving.service.errors import Refused, busy
from stylefuse.serving.service.settings import MARGIN_BYTES, PICTURE_BYTES, Settings

JSON, FORM = "application/json", "multipart/form-data"


class Held:
    """How many bytes of bodies all requests hold together: many that each keep their limit could fill the memory."""

    def __init__(self, most: int):
        self.most, self.now = most, 0

    def add(self, count: int) -> None:
        """Raise Refused when so many more are too many."""
        if self.now + count > self.most:
            raise busy(1)
        self.now += count


def check_type(headers: Mapping[str, str], allowed: tuple[str, ...]) -> None:
    """Raise Refused unless the body is of an allowed media type, in UTF-8 and not compressed."""
    if headers.get("content-encoding", "identity").lower() != "identity":
        message = "compressed bodies are not read: send it as it is, without Content-Encoding"
        raise Refused(415, "unsupported_type", f"Content-Encoding: {message}", "Content-Encoding")
    kind, *parameters = [part.strip().lower() for part in headers.get("content-type", "").split(";")]
    charset = next((p.partition("=")[2].strip('" ') for p in parameters if p.startswith("charset=")), "utf-8")
    if kind not in allowed or charset not in ("utf-8", "utf8"):
        message = f"Content-Type: send {' or '.join(allowed)}, in UTF-8"
        raise Refused(415, "unsupported_type", message, "Content-Type")


def most_bytes(headers: Mapping[str, str], several: bool, settings: Settings) -> int:
    """How many bytes a body may have: one picture, plain or in base64, or all of several."""
    if several:
        return settings.body_bytes
    is_json = headers.get("content-type", "").lower().startswith(JSON)
    return (PICTURE_BYTES // 3 * 4 if is_json else PICTURE_BYTES) + MARGIN_BYTES


@contextlib.asynccontextmanager
async def body_of(request: Request, most: int, deadline: float, held: Held) -> AsyncIterator[bytearray]:
    """Read a request's body.

    Args:
        request: unread.
        most: bytes that it may have; refused by its Content-Length before it is read, else while it is.
        deadline: on the event loop's clock, by which all of it must be there.
        held: counts its bytes for as long as the context lasts.

    Raises:
        Refused: it is too large, too slow, or its sender left.
    """
    declared = request.headers.get("content-length", "0")
    if declared.isdecimal() and int(declared) > most:
        raise _too_large(most)
    body = bytearray()
    try:
        try:
            async with asyncio.timeout_at(deadline):
                while (message := await request.receive())["type"] == "http.request":
                    part = message.get("body", b"")
                    held.add(len(part))
                    body += part
                    if len(body) > most:
                        raise _too_large(most)
                    if not message.get("more_body", False):
                        break
                else:
                    raise client_left()
        except TimeoutError:
            close = {"Connection": "close"}
            slow = "the body did not arrive in time: send it faster, or smaller"
            raise Refused(408, "slow_body", slow, "body", close) from None
        yield body
    finally:
        held.now -= len(body)


def client_left() -> Refused:
    """Nobody hears this answer; 499 is what proxies write into their logs for it."""
    return Refused(499, "client_left", "the client closed the connection")


async def until_left(request: Request) -> None:
    """Return when the client has closed the connection; the request's body has been read."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _too_large(most: int) -> Refused:
    message = f"body: it has more than {most / 1e6:.4g} MB: scale the pictures down, or save them as JPEG"
    return Refused(413, "too_large", message, "body")
