"""The server's process: starts, reloads the model on SIGHUP, and ends on SIGTERM without losing a request."""

import asyncio
import contextlib
import logging
import shlex
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

import uvicorn

from stylefuse.serving.service.access import THIS_MACHINE, Access
from stylefuse.serving.service.app import Service, build_app
from stylefuse.serving.service.clips.folder import ClipFolder
from stylefuse.serving.service.clips.jobs import Jobs
from stylefuse.serving.service.clips.source import clip_command, no_clips
from stylefuse.serving.service.pool import Pool
from stylefuse.serving.service.process import StartFailed
from stylefuse.serving.service.protocol import HurriedProtocol
from stylefuse.serving.service.settings import TOKEN, Settings
from stylefuse.serving.service.source import Model, Source, worker_command
from stylefuse.tasks.task import default_task

log = logging.getLogger(__name__)


class Server(uvicorn.Server):
    """uvicorn, but for signals: while it drains it goes on answering, with 503, and it exits with 0.

    Args:
        service: what is served.
        token, access: for `build_app`.
        reload: called on SIGHUP.
    """

    def __init__(self, service: Service, token: str | None, access: Access, reload: Callable[[], None]):
        config = uvicorn.Config(
            build_app(service, token, access),
            http=HurriedProtocol,
            ws="none",
            loop="asyncio",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,  # X-Forwarded-… are anyone's to write, and nothing here depends on them
            timeout_keep_alive=20,
            timeout_graceful_shutdown=2,
        )
        super().__init__(config)
        self._service, self._reload = service, reload
        self._draining: asyncio.Task | None = None
        self._loop = asyncio.get_running_loop()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        if not hasattr(signal, "SIGHUP"):  # on Windows, where loops take no signals: `handle_exit` gets them
            with super().capture_signals():
                yield
            return
        loop = asyncio.get_running_loop()
        handlers = {signal.SIGTERM: self._stop, signal.SIGINT: self._stop, signal.SIGHUP: self._reload}
        for number, handler in handlers.items():
            loop.add_signal_handler(number, handler)
        try:
            yield
        finally:
            for number in handlers:
                loop.remove_signal_handler(number)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._loop.call_soon_threadsafe(self._stop)

    def _stop(self) -> None:
        if self._draining:  # asked again: at once
            self._service.pool.abandon()
        else:
            self._draining = asyncio.create_task(self._drain())

    async def _drain(self) -> None:
        service, loop = self._service, asyncio.get_running_loop()
        service.draining = True
        log.info("stopping: %d requests are finished first", service.in_flight)
        until = loop.time() + service.settings.drain
        while service.in_flight and loop.time() < until:
            await asyncio.sleep(0.02)
        service.pool.abandon()
        self.should_exit = True


async def serve(
    listener: socket.socket,
    source: Source,
    settings: Settings,
    token: str | None,
    command: Callable[..., list[str]] = worker_command,
    clip_command: Callable[..., list[str]] = clip_command,
    access: Access = THIS_MACHINE,
    token_file: Path | None = None,
) -> None:
    """Serve until a signal ends it.

    Args:
        listener: a bound socket.
        token: that requests must bear, if there is one.
        command: makes the command that starts a worker for a model.
        clip_command: makes the command that starts a process for a clip.
        access: which requests are answered at all.
        token_file: the file that the token was read from; None if it came from the environment.

    Raises:
        StartFailed: the model cannot be served.
    """
    model = await source.get()
    pool = Pool(command(model, settings), settings)
    await pool.start()
    jobs: Jobs | None = None
    folder: ClipFolder | None = None
    try:
        why = no_clips(settings)
        if not why:
            try:
                folder = ClipFolder()
            except OSError as error:  # a full disk must not keep pictures from being served
                why = f"no folder for them can be made ({error}): set TMPDIR to one that can be written to"
        if folder:
            jobs = Jobs(folder.path, settings, lambda: clip_command(model, settings))
        else:
            log.info("no clips are worked on: %s", why)
        service = Service(pool, settings, _version(model, pool), jobs, why)
        reloading: set[asyncio.Task] = set()

        async def serve_next() -> None:
            nonlocal model
            model = await _reload(service, source, command) or model

        def reload() -> None:
            if not reloading:
                task = asyncio.create_task(serve_next())
                reloading.add(task)
                task.add_done_callback(reloading.discard)

        host, port = listener.getsockname()[:2]
        log.info("serving model %s at %s", service.version, _url(host, port))
        log.info(
            "open this address in a browser, or ask it as in: %s", example(host, port, token, token_file)
        )
        await Server(service, token, access, reload).serve([listener])
    finally:
        if jobs:
            await jobs.close()
        if folder:
            folder.close()
        await pool.close()


def example(host: str, port: int, token: str | None, token_file: Path | None = None) -> str:
    """A command that sends a photo to the default task.

    Args:
        host, port: where the server listens.
        token: that requests must bear, if there is one. The command does not show it: it reads `token_file`, or the
            environment variable where there is no file.
    """
    asked = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # those are no addresses to ask
    read = f"$(cat {shlex.quote(str(token_file.absolute()))})" if token_file else f"${TOKEN}"
    bearer = f'-H "Authorization: Bearer {read}" ' if token else ""
    task = default_task()
    return f"curl {bearer}-F image=@photo.jpg -o {task.batch.done}.png {_url(asked, port)}/v1/{task.name}"


def _url(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


async def _reload(
    service: Service, source: Source, command: Callable[[Model, Settings], list[str]]
) -> Model | None:
    """Serve the model as it is now; None where that cannot be."""
    try:
        model = await source.get()
        await service.pool.reload(command(model, service.settings))
    except (StartFailed, OSError) as error:
        log.error("still serving model %s, the other cannot be: %s", service.version, error)
        return None
    service.serves(_version(model, service.pool))
    log.info("serving model %s from now on", service.version)
    return model


def _version(model: Model, pool: Pool) -> str:
    return model.version or f"sha256-{pool.about['digest'][:12]}"
