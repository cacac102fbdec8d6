"""The queue of waiting requests, and the pool of workers: one that dies, hangs or is outdated is replaced."""

import asyncio
import logging
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stylefuse.serving.service.errors import busy, shutting_down
from stylefuse.serving.service.ipc import Frame
from stylefuse.serving.service.process import StartFailed, WorkerDied, WorkerProcess
from stylefuse.serving.service.settings import Settings

log = logging.getLogger(__name__)


@dataclass(eq=False)
class Job:
    """A request for a worker. Whoever cancels `answer` takes it out of the line, or has the worker give it up.

    share: what the worker says is done, 0 to 1; None while it has said nothing.
    """

    ask: Mapping[str, Any]
    body: bytes | bytearray
    answer: asyncio.Future[Frame]
    share: float | None = None

    def progress(self, share: float) -> None:
        self.share = share


class Slot:
    """A worker's place: the worker in it (None while it is replaced), and one that is to follow it."""

    def __init__(self, worker: WorkerProcess):
        self.worker: Any = worker  # a WorkerProcess, or None
        self.successor: WorkerProcess | None = None
        self.change = asyncio.Event()


class Pool:
    """Has requests answered by workers.

    Args:
        command: starts a worker.
        settings: limits.
    """

    def __init__(self, command: Sequence[str], settings: Settings):
        self._command, self._settings = command, settings
        self._line: deque[Job] = deque()
        self._unanswered: set[Job] = set()
        self._arrived = asyncio.Event()
        self._slots: list[Slot] = []
        self._keepers: list[asyncio.Task] = []
        self._seconds = 1.0  # that a request takes, as seen lately
        self.working = 0
        self.restarts = 0
        self.about: Mapping[str, Any] = {}

    async def start(self) -> None:
        """Start all workers.

        Raises:
            StartFailed: the model cannot be served.
        """
        for worker in await self._started(self._command):
            slot = Slot(worker)
            self._slots.append(slot)
            self._keepers.append(asyncio.create_task(self._keep(slot)))

    @property
    def ready(self) -> bool:
        return any(slot.worker for slot in self._slots)

    @property
    def waiting(self) -> int:
        return len(self._line)

    @property
    def pids(self) -> list[int]:
        return [slot.worker.pid for slot in self._slots if slot.worker]

    def check_room(self) -> None:
        """Raise Refused when a request would have to wait in a line that is full."""
        if len(self._line) >= self._settings.queue:
            raise busy(len(self._line) * self._seconds / self._settings.workers)

    def submit(self, ask: Mapping[str, Any], body: bytes | bytearray) -> asyncio.Future[Frame]:
        """Put a request in line.

        Returns:
            What becomes its answer, or WorkerDied; to be cancelled when nobody wants it any more.

        Raises:
            Refused: the line is full.
        """
        self.check_room()
        job = Job(ask, body, asyncio.get_running_loop().create_future())
        self._line.append(job)
        self._unanswered.add(job)
        job.answer.add_done_callback(lambda _: self._leave(job))
        self._arrived.set()
        return job.answer

    def ahead(self, answer: asyncio.Future[Frame]) -> int | None:
        """How many requests are before this one in the line; None when it has left the line."""
        return next((n for n, job in enumerate(self._line) if job.answer is answer), None)

    def share(self, answer: asyncio.Future[Frame]) -> float | None:
        """The share of this request that is done, 0 to 1; None where the worker has not said it."""
        return next((job.share for job in self._unanswered if job.answer is answer), None)

    async def reload(self, command: Sequence[str]) -> None:
        """Serve another model from now on: requests in work are finished by the old one, and none is refused.

        Raises:
            StartFailed: the other model cannot be served; the old one stays.
        """
        workers = await self._started(command)
        self._command = command
        for slot, worker in zip(self._slots, workers, strict=True):
            slot.successor = worker
            slot.change.set()

    def abandon(self) -> None:
        """Refuse all requests that wait or are in work: the server will not wait for them any longer."""
        for job in list(self._unanswered):
            job.answer.set_exception(shutting_down())

    async def close(self) -> None:
        """End all workers; what they work on is lost."""
        for keeper in self._keepers:
            keeper.cancel()
        await asyncio.gather(*self._keepers, return_exceptions=True)
        workers = [worker for slot in self._slots for worker in (slot.worker, slot.successor) if worker]
        for worker in workers:
            await worker.close()

    async def _started(self, command: Sequence[str]) -> list[WorkerProcess]:
        starts = [WorkerProcess.start(command) for _ in range(self._settings.workers)]
        results = await asyncio.gather(*starts, return_exceptions=True)
        workers = [result for result in results if not isinstance(result, BaseException)]
        failed = [result for result in results if isinstance(result, BaseException)]
        if failed:
            for worker in workers:
                await worker.close()
            raise failed[0]
        self.about = workers[0].about
        return workers

    def _leave(self, job: Job) -> None:
        self._unanswered.discard(job)
        if job in self._line:
            self._line.remove(job)

    async def _keep(self, slot: Slot) -> None:
        """Keep a worker in the slot for as long as the pool lives."""
        while True:
            while not slot.successor and not slot.worker.ended.done():
                job = await self._next(slot)
                if job:
                    await self._do(slot.worker, job)
            old, slot.worker = slot.worker, None
            if not slot.successor:
                self.restarts += 1
                log.error("worker %d ended unasked (exit code %s)", old.pid, old.ended.result())
                slot.worker = await self._replacement(slot)
            if slot.successor:
                outdated = slot.worker or old
                slot.worker, slot.successor = slot.successor, None
                slot.change.clear()
                await outdated.close()

    async def _next(self, slot: Slot) -> Job | None:
        """The first in line; None when the slot's worker has ended or is to be replaced."""
        change = asyncio.ensure_future(slot.change.wait())
        arrived = None
        try:
            while not slot.change.is_set() and not slot.worker.ended.done():
                if self._line:
                    return self._line.popleft()
                self._arrived.clear()
                arrived = asyncio.ensure_future(self._arrived.wait())
                await asyncio.wait({arrived, change, slot.worker.ended}, return_when=asyncio.FIRST_COMPLETED)
                arrived.cancel()
        finally:
            change.cancel()
            if arrived:
                arrived.cancel()
        return None

    async def _do(self, worker: WorkerProcess, job: Job) -> None:
        loop = asyncio.get_running_loop()
        started = loop.time()
        self.working += 1
        asked = asyncio.ensure_future(worker.ask(job.ask, job.body, job.progress))
        try:
            await asyncio.wait({asked, job.answer}, return_when=asyncio.FIRST_COMPLETED)
            if not asked.done():
                worker.cancel()
                await asyncio.wait({asked}, timeout=self._settings.stop)
            if not asked.done():
                log.warning("worker %d does not stop: it is killed and replaced", worker.pid)
                worker.kill()
            answer = await asked
            if not job.answer.done():
                job.answer.set_result(answer)
                self._seconds += (loop.time() - started - self._seconds) / 8
        except WorkerDied as error:
            if not job.answer.done():
                job.answer.set_exception(error)
        finally:
            self.working -= 1
            asked.cancel()

    async def _replacement(self, slot: Slot) -> WorkerProcess | None:
        """A worker as before, as soon as one starts; None when a successor has come in the meantime."""
        wait = 0.5
        while not slot.successor:
            try:
                return await WorkerProcess.start(self._command)
            except (StartFailed, OSError) as error:
                log.error("a worker cannot be started, next try in %g s: %s", wait, error)
            await asyncio.sleep(wait)
            wait = min(2 * wait, 10.0)
        return None
