"""Servers and connections for tests of `stylefuse serve`."""

import asyncio
import contextlib
import http.client
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import httpx

from stylefuse.serving.service.access import THIS_MACHINE
from stylefuse.serving.service.app import Service, build_app
from stylefuse.serving.service.settings import Settings

HERE = Path(__file__).parent / "serving"


class InlinePool:
    """What `Pool` is to the service, with the desk in this process."""

    def __init__(self, desk):
        self.desk, self.about = desk, desk.about
        self.ready, self.waiting, self.working, self.restarts, self.pids = True, 0, 0, 0, []

    def check_room(self) -> None:
        pass

    def ahead(self, answer):
        return None

    def submit(self, ask, body):
        return asyncio.ensure_future(asyncio.to_thread(self.desk.answer, ask, bytes(body)))


def inline_app(desk, token=None, access=THIS_MACHINE, **settings):
    return build_app(Service(InlinePool(desk), Settings(**settings), "7"), token, access)


class Client:
    """Sends requests to an ASGI application in this process."""

    def __init__(self, app):
        self._app = app

    def request(self, method: str, path: str, **request) -> httpx.Response:
        async def send():
            transport = httpx.ASGITransport(self._app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
                return await client.request(method, path, **request)

        return asyncio.run(send())

    def get(self, path: str, **request) -> httpx.Response:
        return self.request("GET", path, **request)

    def post(self, path: str, **request) -> httpx.Response:
        return self.request("POST", path, **request)


class Running:
    """A started server: `process`, `port`, and requests to it."""

    def __init__(self, process: subprocess.Popen, port: int, log: Path | None = None):
        self.process, self.port, self.log = process, port, log

    def connection(self, timeout: float = 60) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)

    def send(self, path="/v1/stylize", do=None, method="POST", body=None, headers=None, timeout=60):
        """Status, headers and body of the answer to one request on a connection of its own."""
        if do is not None:
            body, headers = json.dumps(do), {"Content-Type": "application/json", **(headers or {})}
        with contextlib.closing(self.connection(timeout)) as connection:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()

    def get(self, path: str) -> int:
        try:
            return self.send(path, method="GET", timeout=10)[0]
        except OSError:
            return 0

    def metric(self, name: str) -> float:
        """The value of a metric, with its labels as Prometheus writes them; 0 where it has none yet."""
        text = self.send("/metrics", method="GET")[2].decode()
        return next((float(line.split()[-1]) for line in text.splitlines() if line.startswith(name + " ")), 0)

    def wait_for(self, what, seconds: float = 60):
        """What `what()` returns as soon as that is true."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if found := what():
                return found
            assert self.process.poll() is None, self.log and self.log.read_text()
            time.sleep(0.02)
        raise AssertionError(f"not within {seconds} s")

    def is_ready(self) -> bool:
        return self.get("/ready") == 200


@contextlib.contextmanager
def stub_server(folder: Path, **told):
    """The server with stub workers in a process of its own, ready."""
    command = [sys.executable, str(HERE / "stub_server.py"), json.dumps(told)]
    log = folder / "log"
    with log.open("a") as errors:
        process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=errors, text=True)
    try:
        running = Running(process, int(process.stdout.readline()), log)
        running.wait_for(running.is_ready)
        yield running
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@contextlib.contextmanager
def real_server(folder: Path, *options: str, **popen):
    """`stylefuse serve` in a process of its own, ready."""
    process, log = start(folder, "--port", "0", *options, **popen)
    try:
        running = Running(process, 0, log)
        running.port = running.wait_for(lambda: port_in(log), 180)
        running.wait_for(running.is_ready)
        yield running
    finally:
        process.kill()
        process.wait()


def start(folder: Path, *options: str, env=None, **popen) -> tuple[subprocess.Popen, Path]:
    """Start `stylefuse serve`; its log, which is no other server's."""
    log = folder / f"log-{time.monotonic_ns()}"
    command = [sys.executable, "-m", "stylefuse.command_line", "serve", *options]
    # A second thread gains nothing with the tests' small networks, and suffers where cores are few.
    env = {**os.environ, "OMP_NUM_THREADS": "1", **(env or {})}
    with log.open("a") as file:
        popen = {"stdout": file, "stderr": file, "cwd": folder, **popen}
        return subprocess.Popen(command, env=env, **popen), log


def port_in(log: Path) -> int | None:
    """The port that a server wrote into its log when it was about to answer."""
    for line in log.read_text().splitlines():
        if " at http://127.0.0.1:" in line:
            return int(line.rpartition(":")[2])
    return None
