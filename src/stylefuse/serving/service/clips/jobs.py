"""The queue of jobs on clips: one runs at a time; results are kept for a limited time, in limited disk space."""

import asyncio
import logging
import secrets
import shutil
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stylefuse.serving.service.clips.folder import remove_but, size_of
from stylefuse.serving.service.clips.process import follow
from stylefuse.serving.service.errors import Refused
from stylefuse.serving.service.process import WorkerDied
from stylefuse.serving.service.settings import Settings

log = logging.getLogger(__name__)
SENDING, WAITING, WORKING, DONE, FAILED = STATES = ("sending", "waiting", "working", "done", "failed")
# What stays free on the disk, for all else that writes there.
FREE_BYTES = 500_000_000
_RETRY_SECONDS = 60


@dataclass(eq=False)
class Job:
    """A clip, and what is done to it.

    id: names it, and cannot be guessed: who knows it may fetch the result.
    folder: of its files, removed with it. bytes: of these files.
    name: of the clip's file, as its sender named it.
    ask: for the process that works on it, see `clips.worker`.
    frames, total: how many are done, of how many; total is 0 until it is known.
    began, ended: on the event loop's clock.
    result: the file, once it is done; report: how it was made. fetched: whether somebody has it.
    error: `{code, message, field}` of a job that failed.
    """

    id: str
    folder: Path
    name: str = ""
    state: str = SENDING
    ask: Mapping[str, Any] = field(default_factory=dict)
    bytes: int = 0
    frames: int = 0
    total: int = 0
    began: float = 0.0
    ended: float = 0.0
    result: Path | None = None
    report: dict[str, Any] = field(default_factory=dict)
    fetched: bool = False
    error: dict[str, str] | None = None

    @property
    def clip(self) -> Path:
        """The file that was sent."""
        return self.folder / "clip"


class Jobs:
    """All jobs of a server.

    Args:
        folder: for their files, empty.
        settings: limits.
        command: makes the command that starts a process for the next job.
    """

    def __init__(self, folder: Path, settings: Settings, command: Callable[[], Sequence[str]]):
        self._folder, self._settings, self._command = folder, settings, command
        self._jobs: dict[str, Job] = {}
        self._line: deque[Job] = deque()
        self._arrived = asyncio.Event()
        self._current: tuple[Job, asyncio.Task[None]] | None = None
        self._keeper = asyncio.create_task(self._keep_working())
        self._expiring: set[asyncio.Future[None]] = set()
        self._leaving: set[Job] = set()  # removed ones whose files are still there
        self.frames = 0  # painted since the start

    @property
    def kept_for(self) -> float:
        """Seconds for which a result is kept."""
        return self._settings.clip_seconds

    @property
    def bytes(self) -> int:
        """Of the files of all jobs."""
        return sum(job.bytes for job in [*self._jobs.values(), *self._leaving])

    def count(self, state: str) -> int:
        return sum(job.state == state for job in self._jobs.values())

    def find(self, job_id: str) -> Job | None:
        return self._jobs.get(job_id)

    def ahead(self, job: Job) -> int:
        """How many jobs are to be done before one that waits."""
        return self._line.index(job) + bool(self._current) if job in self._line else 0

    async def new(self) -> Job:
        """A job whose clip is about to be sent.

        Raises:
            Refused: there are as many as there may be.
        """
        while len(self._jobs) >= self._settings.clips:
            if not await self._make_room():
                wait = {"Retry-After": str(_RETRY_SECONDS)}
                text = f"the server has {self._settings.clips} clips, as many as it may: try again later"
                raise Refused(503, "busy", f"{text}, or delete jobs that you are done with", "", wait)
        job = Job(secrets.token_hex(16), Path())
        job.folder = self._folder / job.id
        self._jobs[job.id] = job
        job.folder.mkdir()
        return job

    async def grow(self, job: Job, count: int) -> None:
        """Count so many more bytes as the job's, before they are written.

        Raises:
            Refused: the disk, or what the server may use of it, is full.
        """
        while self.bytes + count > self._settings.clips_bytes:
            if not await self._make_room():
                raise full()
        if shutil.disk_usage(self._folder).free < FREE_BYTES + count:
            raise full()
        job.bytes += count

    def submit(self, job: Job, name: str, ask: Mapping[str, Any]) -> None:
        """Have a job done whose clip is there; `name` and `ask` as in Job."""
        files = {"clip": str(job.clip), "folder": str(job.folder), "name": name}
        job.name, job.ask, job.state = name, {**ask, **files}, WAITING
        self._line.append(job)
        self._arrived.set()

    async def remove(self, job: Job) -> None:
        """Forget a job: what works on it is killed, and its files are removed."""
        if self._jobs.pop(job.id, None) is None:
            return
        self._leaving.add(job)
        try:
            await self._clear(job)
        finally:
            self._leaving.discard(job)

    async def _clear(self, job: Job) -> None:
        if job in self._line:
            self._line.remove(job)
        if self._current and self._current[0] is job:
            task = self._current[1]
            task.cancel()
            await asyncio.wait({task})
        await asyncio.to_thread(shutil.rmtree, job.folder, True)

    async def close(self) -> None:
        """Remove all jobs."""
        self._keeper.cancel()
        await asyncio.gather(self._keeper, return_exceptions=True)
        for job in list(self._jobs.values()):
            await self.remove(job)

    async def _make_room(self) -> bool:
        """Remove the job that is missed least: one that failed, or whose result was fetched, and the oldest of them."""
        over = [
            job for job in self._jobs.values() if job.state == FAILED or (job.state == DONE and job.fetched)
        ]
        if not over:
            return False
        await self.remove(min(over, key=lambda job: job.ended))
        return True

    async def _keep_working(self) -> None:
        while True:
            while not self._line:
                self._arrived.clear()
                await self._arrived.wait()
            job = self._line.popleft()
            task = asyncio.create_task(self._work(job))
            self._current = job, task
            try:
                await asyncio.wait({task})
            finally:
                task.cancel()
                await asyncio.wait({task})
                self._current = None

    async def _work(self, job: Job) -> None:
        """Do one job, and leave it done or failed."""
        loop = asyncio.get_running_loop()
        job.state, job.began = WORKING, loop.time()
        try:
            async with aclosing(follow(self._command(), job.ask)) as lines:
                async for words in lines:
                    self._note(job, words)
            if not (job.result or job.error):
                raise WorkerDied
        except Refused as refused:
            job.error = {"code": refused.code, "message": refused.message, "field": refused.field}
        except Exception:
            log.exception("a clip could not be worked on")
            text = "the process that worked on the clip ended: try again; the server's log may say why"
            job.error = {"code": "worker_died", "message": text, "field": ""}
        await self._finish(job)

    def _note(self, job: Job, words: Mapping[str, Any]) -> None:
        """Take over what the process says: `frames` and `total`, `result` and `report`, or `error`."""
        frames = words.get("frames", job.frames)
        self.frames += frames - job.frames
        job.frames, job.total = frames, words.get("total", job.total)
        job.error = words.get("error")
        if "result" in words:
            job.result, job.report = job.folder / words["result"], words.get("report", {})
        job.bytes = size_of(job.folder)
        if self.bytes > self._settings.clips_bytes or shutil.disk_usage(self._folder).free < FREE_BYTES:
            raise full()

    async def _finish(self, job: Job) -> None:
        """Keep the result alone, and not for ever."""
        loop = asyncio.get_running_loop()
        kept = None if job.error else job.result
        job.ended, job.result = loop.time(), kept
        await asyncio.to_thread(remove_but, job.folder, kept)
        job.bytes = size_of(job.folder)
        job.state = FAILED if job.error else DONE
        log.info("clip %s after %d frames, %.1f s", job.state, job.frames, job.ended - job.began)
        loop.call_later(self._settings.clip_seconds, self._expire, job)

    def _expire(self, job: Job) -> None:
        task = asyncio.ensure_future(self.remove(job))
        self._expiring.add(task)
        task.add_done_callback(self._expiring.discard)


def full() -> Refused:
    """What to raise when there is no room for the bytes of a clip or of its result."""
    text = "the server has no room for more clips: try again later, or send a shorter clip"
    return Refused(507, "disk_full", text, "", {"Retry-After": str(_RETRY_SECONDS)})
