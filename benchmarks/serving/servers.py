"""Start the servers that are measured, `stylefuse serve` and `mlflow models serve`, each in its own process."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil

START_SECONDS = 240


class Server:
    """A running server. Its workers are children of its process."""

    def __init__(self, process: subprocess.Popen, port: int, log: Path):
        self.process, self.log = process, log
        self.url = f"http://127.0.0.1:{port}"

    def memory(self) -> float:
        """Return the resident memory of the process and all its descendants in MB."""
        top = psutil.Process(self.process.pid)
        return sum(each.memory_info().rss for each in (top, *top.children(recursive=True))) / 1e6

    def metric(self, name: str) -> float:
        """Return a number of /metrics; 0 where it is not listed."""
        with urllib.request.urlopen(f"{self.url}/metrics", timeout=30) as answer:
            lines = answer.read().decode().splitlines()
        return next((float(line.split()[-1]) for line in lines if line.startswith(name + " ")), 0.0)

    def wait_until_ready(self, path: str) -> None:
        """Wait until the path answers. Raises RuntimeError if the server ends or needs too long."""
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            with contextlib.suppress(OSError), urllib.request.urlopen(self.url + path, timeout=5):
                return
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        raise RuntimeError(f"the server did not start: see {self.log}")


@contextlib.contextmanager
def stylefuse(model: str, log: Path, threads: int = 0, **options: float) -> Iterator[Server]:
    """Run `stylefuse serve` with these options; yields the server when it is ready."""
    port = _free_port()
    command = [sys.executable, "-m", "stylefuse.command_line", "serve", "--model", model, "--port", str(port)]
    for name, value in {**options, "threads": threads}.items():
        command += [f"--{name}", f"{value:g}"]
    with _running(command, port, log, {}) as server:
        server.wait_until_ready("/ready")
        yield server


@contextlib.contextmanager
def mlflow_serve(model: str, log: Path, threads: int = 0) -> Iterator[Server]:
    """Run `mlflow models serve`; yields the server when it is ready."""
    port = _free_port()
    command = [sys.executable, "-m", "mlflow", "models", "serve", "-m", model, "--env-manager", "local"]
    command += ["--host", "127.0.0.1", "--port", str(port)]
    # MLflow looks for uvicorn on PATH.
    env = {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    if threads:
        env["OMP_NUM_THREADS"] = str(threads)
    with _running(command, port, log, env) as server:
        server.wait_until_ready("/ping")
        yield server


@contextlib.contextmanager
def _running(command: list[str], port: int, log: Path, env: dict[str, str]) -> Iterator[Server]:
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w") as file:
        process = subprocess.Popen(
            command, env={**os.environ, **env}, stdout=file, stderr=file, start_new_session=True
        )
    try:
        yield Server(process, port, log)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # the command and its children
        process.wait()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]
