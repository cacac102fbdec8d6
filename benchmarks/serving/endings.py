"""How work ends when its client leaves, and when the server receives SIGTERM."""

import asyncio
import http.client
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

from benchmarks.serving import requests, senders
from benchmarks.serving.options import LARGE, Options, Rows


def cancel(options: Options) -> Rows:
    """How soon a worker is free after the client of a large request has left, at ten moments of the work."""
    rows, file = [], requests.photo(*LARGE)
    large = {
        "stylize 12 MP": requests.stylize(file),
        "fuse 4 × 12 MP": requests.form("/v1/fuse", "images", [file] * 4),
    }
    with options.ours() as server:
        for name, request in large.items():
            before, times = server.metric("stylefuse_worker_restarts"), []
            for attempt in range(10):
                connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=120)
                connection.request("POST", request.path, request.body, {"Content-Type": request.content_type})
                _wait_until(lambda: server.metric("stylefuse_working"))
                time.sleep(0.1 + 0.25 * attempt)
                at_work = server.metric("stylefuse_working")
                connection.close()
                left = time.perf_counter()
                _wait_until(lambda: not server.metric("stylefuse_working"))
                if at_work:
                    times.append(time.perf_counter() - left)
                server.wait_until_ready("/ready")
            killed = int(server.metric("stylefuse_worker_restarts") - before)
            worst = f"{max(times):.2f}" if times else ""
            rows.append(
                {"request": name, "left": len(times), "free after at most s": worst, "killed": killed}
            )
    return rows


def _wait_until(true: Callable[[], Any], seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not true():
        if time.monotonic() > until:
            raise RuntimeError(f"not within {seconds} s")
        time.sleep(0.005)


def stop(options: Options) -> Rows:
    """SIGTERM with three requests in flight: how they end, and when the server does."""
    request, sent = requests.stylize(requests.photo(800, 600)), []
    with options.ours() as server:
        sender = threading.Thread(
            target=lambda: sent.extend(asyncio.run(senders.burst(server.url, 3, request)))
        )
        sender.start()
        _wait_until(lambda: server.metric("stylefuse_requests_in_flight") == 3)
        started = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        code = server.process.wait(60)
        seconds = round(time.monotonic() - started, 2)
        sender.join()
    return [{"in flight": 3, **senders.summary(sent), "exit code": code, "stopped after s": seconds}]
