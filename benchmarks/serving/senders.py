"""Clients that send requests to this machine, bounded in number and time, and a summary of the responses."""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

import httpx
import numpy as np

from benchmarks.serving.requests import Request

_TIMEOUT = 120.0


class Sent(NamedTuple):
    """status: of HTTP, 0 without a response; seconds; retry_after: whether the response has this header."""

    status: int
    seconds: float
    retry_after: bool = False


async def send(client: httpx.AsyncClient, request: Request) -> Sent:
    """Send a request and wait for the response."""
    started = time.perf_counter()
    try:
        answer = await client.request(
            request.method, request.path, content=request.body, headers={"Content-Type": request.content_type}
        )
    except httpx.HTTPError:
        return Sent(0, time.perf_counter() - started)
    return Sent(answer.status_code, time.perf_counter() - started, "retry-after" in answer.headers)


def client(url: str, connections: int) -> httpx.AsyncClient:
    """Return a client that keeps so many connections."""
    limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
    return httpx.AsyncClient(base_url=url, timeout=_TIMEOUT, limits=limits, trust_env=False)


async def run_clients(url: str, clients: int, seconds: float, choose: Callable[[int], Request]) -> list[Sent]:
    """Run so many clients. Each sends its next request as soon as the last one is answered, or a second after a refusal
    with Retry-After.

    Args:
        choose: the request for each number, counted over all clients.
    """
    sent: list[Sent] = []
    until = time.monotonic() + seconds
    async with client(url, clients) as http:

        async def one(first: int) -> None:
            number = first
            while time.monotonic() < until:
                sent.append(await send(http, choose(number)))
                if sent[-1].retry_after:
                    await asyncio.sleep(1)
                number += clients

        await asyncio.gather(*(one(number) for number in range(clients)))
    return sent


async def burst(url: str, number: int, request: Request) -> list[Sent]:
    """Send so many requests at once, each on an open connection; timed from the first byte sent to the header received.

    It uses plain sockets: the time that a client library needs for hundreds of requests would count as the server's.
    """
    host, _, port = url.removeprefix("http://").partition(":")
    pairs = [await asyncio.open_connection(host, int(port)) for _ in range(number)]
    head = f"POST {request.path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n"
    head += f"Content-Type: {request.content_type}\r\nContent-Length: {len(request.body)}\r\n\r\n"
    message = head.encode() + request.body

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Sent:
        started = time.perf_counter()
        try:
            writer.write(message)
            answer = (await reader.readuntil(b"\r\n\r\n")).lower()
            seconds = time.perf_counter() - started
            await reader.read()
        except (OSError, asyncio.IncompleteReadError):
            return Sent(0, time.perf_counter() - started)
        finally:
            writer.close()
        return Sent(int(answer.split()[1]), seconds, b"retry-after:" in answer)

    return await asyncio.gather(*(one(*pair) for pair in pairs))


async def poll(url: str, path: str, seconds: float, pause: float) -> list[Sent]:
    """Request a path repeatedly, with a pause in seconds between."""
    until, sent = time.monotonic() + seconds, []
    async with client(url, 1) as http:
        while time.monotonic() < until:
            sent.append(await send(http, Request(path, b"", "text/plain", "GET")))
            await asyncio.sleep(pause)
    return sent


def percentile(sent: Sequence[Sent], percent: float) -> float | None:
    """Return a percentile of the response times in milliseconds; None without responses."""
    return round(float(np.percentile([each.seconds for each in sent], percent)) * 1000, 1) if sent else None


def summary(sent: Sequence[Sent], seconds: float | None = None) -> dict[str, float | None]:
    """Return counts of requests answered, refused and failed, and response times of the answered ones."""
    good = [each for each in sent if each.status == 200]
    numbers = {
        "sent": len(sent),
        "answered": len(good),
        "refused 4xx": sum(400 <= each.status < 500 for each in sent),
        "refused 503": sum(each.status == 503 and each.retry_after for each in sent),
        "failed": sum(each.status == 0 or (each.status >= 500 and not each.retry_after) for each in sent),
        "p50 ms": percentile(good, 50),
        "p95 ms": percentile(good, 95),
    }
    return numbers | ({"a second": round(len(good) / seconds, 2)} if seconds else {})
