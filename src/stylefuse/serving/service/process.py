"""Start, ask, cancel and end one worker process, from the server's side."""

import asyncio
import contextlib
import itertools
import logging
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from stylefuse.serving.service.ipc import Frame, head, receive_frame

log = logging.getLogger(__name__)
# PyTorch alone takes seconds to import, minutes from a cold network disk.
START_SECONDS = 180.0
_BUFFER = 1 << 20


class WorkerDied(Exception):  # noqa: N818 (an event)
    """The worker ended while it worked on a request."""


class StartFailed(Exception):  # noqa: N818
    """The worker could not load its model; the message says why."""


class WorkerProcess:
    """A started worker: `about` is what it said of its model."""

    def __init__(self, process: Process, about: Mapping[str, Any]):
        self.about, self.pid = about, process.pid
        self.ended = asyncio.ensure_future(process.wait())
        self._process = process
        self._ids = itertools.count()
        self._current = -1

    @classmethod
    async def start(cls, command: Sequence[str]) -> "WorkerProcess":
        """Start a worker and wait until it has loaded its model.

        Raises:
            StartFailed: it has not.
        """
        process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, limit=_BUFFER)
        try:
            async with asyncio.timeout(START_SECONDS):
                frame = await receive_frame(_reader(process))
        except TimeoutError:
            await _end(process)
            raise StartFailed(f"the worker was not ready within {START_SECONDS:g} s") from None
        except asyncio.IncompleteReadError:
            code = await process.wait()
            raise StartFailed(f"the worker ended while it loaded the model (exit code {code})") from None
        except BaseException:  # cancelled, or a signal ends the server
            await _end(process)
            raise
        if "error" in frame.header:
            await _end(process)
            raise StartFailed(frame.header["error"])
        return cls(process, frame.header["about"])

    async def ask(
        self, ask: Mapping[str, Any], body: bytes | bytearray, progress: Callable[[float], None]
    ) -> Frame:
        """Have one request answered; `progress` is called with the share that is done.

        Raises:
            WorkerDied: there is no answer and no worker any more.
        """
        self._current = next(self._ids)
        _writer(self._process).write(head({**ask, "id": self._current}, body))
        _writer(self._process).write(body)
        try:
            while "progress" in (frame := await receive_frame(_reader(self._process))).header:
                progress(frame.header["progress"])
            return frame
        except (asyncio.IncompleteReadError, OSError):
            self.kill()
            await self.ended
            raise WorkerDied from None

    def cancel(self) -> None:
        """Ask the worker to give up what it works on; `ask` then returns soon, if the worker can hear."""
        _writer(self._process).write(head({"cancel": self._current}))

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    async def close(self) -> None:
        """End the worker, whatever it does."""
        await _end(self._process)


def _reader(process: Process) -> asyncio.StreamReader:
    assert process.stdout is not None  # it is a pipe
    return process.stdout


def _writer(process: Process) -> asyncio.StreamWriter:
    assert process.stdin is not None  # it is a pipe
    return process.stdin


async def kill(process: Process) -> None:
    """Kill a process that still runs, close its pipes, and wait for its end.

    A transport that is still open when its event loop is closed prints a traceback when it is deleted.
    """
    # asyncio.subprocess has no public method for this, and `wait` waits for the pipes as well: they stay open for
    # as long as a process that the killed one started has them open.
    process._transport.close()  # type: ignore[attr-defined]
    await process.wait()


async def _end(process: Process) -> None:
    """Give a process a second to end by itself, then kill it."""
    _writer(process).close()
    try:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1):
                await process.wait()
    finally:
        await kill(process)
