"""Run the worker process: it answers one request at a time through standard input and output, and can cancel it.

It imports no MLflow and no HTTP. When the server is gone, however it went, it ends at once.
"""

import argparse
import contextlib
import json
import logging
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import torch
from torch.overrides import TorchFunctionMode

from stylefuse._memory import reuse_freed_memory
from stylefuse._progress import listening
from stylefuse.labels.options import Labelling
from stylefuse.serving.bundle import read_model
from stylefuse.serving.labelled import signer
from stylefuse.serving.service.ipc import Frame, read_frame, write_frame
from stylefuse.serving.service.request_handler import RequestHandler

log = logging.getLogger(__name__)
PROGRESS_SECONDS = 0.2  # at least, between two messages to the server


class Answers(Protocol):
    """Answers requests: `request_handler.RequestHandler`, or a stand-in.

    about: plain values that the server publishes of the model.
    """

    about: dict[str, Any]

    def answer(self, ask: dict[str, Any], body: bytes) -> Frame: ...


class Cancelled(BaseException):
    """Aborts the current request; a BaseException, so that `except Exception` in decoders cannot swallow it."""


class Inbox(threading.Thread):
    """Reads frames from the server while the main thread works: requests, and cancellations of the current one."""

    def __init__(self, pipe: BinaryIO):
        super().__init__(daemon=True)
        self.requests: queue.SimpleQueue[Frame] = queue.SimpleQueue()
        self.unwanted = -1
        self._pipe = pipe

    def run(self) -> None:
        while frame := read_frame(self._pipe):
            if "cancel" in frame.header:
                self.unwanted = frame.header["cancel"]
            else:
                self.requests.put(frame)
        os._exit(0)  # in the midst of work, too: nobody is left to take the answer


class Progress:
    """Sends the server the share of the current request that is done, from time to time.

    Calls `check` each time: work without PyTorch can then be given up as well, see `Interruptible`.
    """

    def __init__(self, pipe: BinaryIO, check: Callable[[], None]):
        self._pipe, self._check, self._next = pipe, check, 0.0

    def __call__(self, share: float) -> None:
        self._check()
        if time.monotonic() >= self._next:
            write_frame(self._pipe, {"progress": round(share, 3)})
            self._next = time.monotonic() + PROGRESS_SECONDS


class Interruptible(TorchFunctionMode):
    """Calls `check` before each PyTorch function: between layers, and between strips of large pictures."""

    def __init__(self, check: Callable[[], None]):
        super().__init__()
        self._check = check

    def __torch_function__(self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        self._check()
        return func(*args, **(kwargs or {}))


def work(load: Callable[[], Answers]) -> int:
    """Load the model, send what it is, and answer requests until the server closes the pipe.

    Returns:
        1 when the model could not be loaded; the reason was sent to the server.
    """
    pipe = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what anything prints goes to the log
    for name in (
        "SIGINT",
        "SIGTERM",
    ):  # sent to all processes by terminals and by systemd: the server decides
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    try:
        handler = load()
    except Exception as error:
        if not isinstance(error, ValueError):
            log.exception("the model could not be loaded")
        write_frame(pipe, {"error": str(error) or type(error).__name__})
        return 1
    inbox = Inbox(sys.stdin.buffer)
    inbox.start()
    with contextlib.suppress(BrokenPipeError):  # the server is gone, and `inbox` ends the process
        write_frame(pipe, {"about": handler.about})
        while True:
            ask, body = inbox.requests.get()
            try:
                header, answer = _answer(handler, ask, body, inbox, pipe)
            except Cancelled:
                header, answer = {"status": 499}, b""
            write_frame(pipe, header, answer)
            del body, answer  # else they would be held until the next request
    return 0


def _answer(handler: Answers, ask: dict[str, Any], body: bytes, inbox: Inbox, pipe: BinaryIO) -> Frame:
    def check() -> None:
        if inbox.unwanted == ask["id"]:
            raise Cancelled

    check()
    with Interruptible(check), listening(Progress(pipe, check)):
        return handler.answer(ask, body)


def load(folder: Path, threads: int, labelling: Labelling = Labelling()) -> Answers:  # noqa: B008 (frozen)
    """The model in a folder, warm: the first picture through a network takes many times as long as the next.

    Raises:
        ValueError: it cannot be served; the message says why.
    """
    reuse_freed_memory()
    if threads:
        torch.set_num_threads(threads)
    if labelling.certificate:
        signer(labelling)
    handler = RequestHandler(read_model(folder), labelling)
    handler.warm_up()
    return handler


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--labelling", default="{}", help="fields of `labels.options.Labelling` as JSON")
    options = parser.parse_args(arguments)
    logging.basicConfig(format="%(asctime)s worker %(levelname)s %(message)s", level=logging.INFO)
    labelling = Labelling(**json.loads(options.labelling))
    return work(lambda: load(options.folder, options.threads, labelling))


if __name__ == "__main__":
    sys.exit(main())
