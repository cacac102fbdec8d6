"""The routes of the service, and the requests behind them."""

import asyncio
import json
import logging
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from starlette.convertors import StringConvertor, register_url_convertor
from starlette.exceptions import HTTPException

import stylefuse
from stylefuse.serving.service import ask, limits
from stylefuse.serving.service.access import THIS_MACHINE, Access
from stylefuse.serving.service.clips.jobs import Jobs
from stylefuse.serving.service.clips.openapi import about_clips
from stylefuse.serving.service.clips.routes import add_video
from stylefuse.serving.service.errors import Refused, error_body, internal, no_such_place, shutting_down
from stylefuse.serving.service.fields import takes_several
from stylefuse.serving.service.ipc import Frame
from stylefuse.serving.service.metrics import Metrics
from stylefuse.serving.service.middleware import Middleware
from stylefuse.serving.service.openapi import CHAIN, DESCRIPTION, INVOCATIONS, describe, operation
from stylefuse.serving.service.page import add_page
from stylefuse.serving.service.pool import Pool
from stylefuse.serving.service.process import WorkerDied
from stylefuse.serving.service.settings import Settings
from stylefuse.tasks.chains import parse_chain
from stylefuse.tasks.task import Task, find_tasks

log = logging.getLogger(__name__)


class _ChainConvertor(StringConvertor):
    """Paths of chains of two or more tasks; those of single tasks are routes of their own."""

    regex = r"[a-z0-9_]+(?:\+[a-z0-9_]+)+"


register_url_convertor("chain", _ChainConvertor())


class Service:
    """Takes requests to the pool, and gives up on those whose sender left or whose time is up.

    Args:
        pool: started.
        settings: limits.
        version: of the model, as answers and metrics name it.
        jobs: on clips; None where there are none, and `no_clips` says why.
    """

    def __init__(
        self, pool: Pool, settings: Settings, version: str, jobs: Jobs | None = None, no_clips: str = ""
    ):
        self.pool, self.settings, self.version = pool, settings, version
        self.jobs, self.no_clips = jobs, no_clips
        self.metrics = Metrics(pool, version, jobs)
        self.draining = False
        self.in_flight = 0
        self._held = limits.Held(settings.held_bytes)
        self._asked: dict[str, asyncio.Future[Any] | None] = {}

    def serves(self, version: str) -> None:
        """The pool has another model from now on."""
        self.version = version
        self.metrics.serves(version)

    def where(self, request_id: str) -> dict[str, Any]:
        """Where a request is: its `state`; how many are `ahead` of one that waits; the `share` done of one in work."""
        if request_id not in self._asked:
            return {"state": "unknown"}  # answered, or never sent
        answer = self._asked[request_id]
        if answer is None:
            return {"state": "reading"}
        ahead = self.pool.ahead(answer)
        if ahead is not None:
            return {"state": "waiting", "ahead": ahead}
        share = self.pool.share(answer)
        return {"state": "working"} if share is None else {"state": "working", "share": share}

    async def work(self, request: Request, kind: str) -> Response:
        """Have a worker answer `kind`: a chain of tasks, or "invocations".

        Raises:
            Refused: it is not answered; the error says why.
        """
        call = request.scope["call"]
        call.task = kind
        if self.draining:
            raise shutting_down()
        self.in_flight += 1
        self._asked[call.id] = None
        try:
            with self.metrics.in_flight.track_inprogress():
                self.pool.check_room()
                types = (limits.JSON,) if kind == "invocations" else (limits.FORM, limits.JSON)
                limits.check_type(request.headers, types)
                frame = await self._answer(request, kind)
        finally:
            self.in_flight -= 1
            self._asked.pop(call.id, None)
        header = frame.header
        call.task, call.reason = header.get("task", kind), header.get("code", "")
        call.pixels = header.get("pixels", 0)
        headers = {**header["headers"], "X-Model-Version": self.version}
        return Response(frame.body, header["status"], headers, header["content_type"])

    async def ask(self, request: Request) -> Response:
        """Answer a request in words, in this process."""
        deadline = request.scope["call"].started + self.settings.timeout
        return await ask.answer(request, self.pool.about, self._held, deadline)

    async def _answer(self, request: Request, kind: str) -> Frame:
        call, headers = request.scope["call"], request.headers
        deadline = call.started + self.settings.timeout
        most = limits.most_bytes(headers, takes_several(kind), self.settings)
        async with limits.body_of(request, most, deadline, self._held) as body:
            head = {
                "kind": kind,
                "content_type": headers["content-type"],
                "json": limits.JSON in headers.get("accept", ""),
                "accept": headers.get("accept", ""),
                "languages": ask.languages(request),
                "request_id": call.id,
            }
            answer = self._asked[call.id] = self.pool.submit(head, body)
            gone: asyncio.Future[Any] = asyncio.ensure_future(limits.until_left(request))
            try:
                left = deadline - asyncio.get_running_loop().time()
                both: set[asyncio.Future[Any]] = {answer, gone}
                await asyncio.wait(both, timeout=left, return_when=asyncio.FIRST_COMPLETED)
                if answer.done():
                    return answer.result()
                if gone.done():
                    raise limits.client_left()
                message = f"it took more than {self.settings.timeout:g} s: try again, or send less"
                raise Refused(504, "timeout", message)
            except WorkerDied:
                message = "the process that worked on it ended: if it does so again, send smaller pictures"
                raise Refused(500, "worker_died", message) from None
            finally:
                gone.cancel()
                answer.cancel()


def build_app(service: Service, token: str | None = None, access: Access = THIS_MACHINE) -> Middleware:
    """The service as an ASGI application.

    Args:
        service: what answers.
        token: that requests must bear, if there is one.
        access: which requests are answered at all.
    """
    app = FastAPI(
        title="StyleFuse",
        version=stylefuse.__version__,
        description=DESCRIPTION,
        # No pages of documentation: they would load their scripts from elsewhere.
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # the address to go to would be made from the request's own headers
    )

    for task in find_tasks().values():
        _add_route(app, service, task)

    @app.post("/v1/ask", **ask.ASK)
    async def in_words(request: Request) -> Response:
        return await service.ask(request)

    @app.post("/v1/{chain:chain}", **CHAIN)
    async def run_chain(chain: str, request: Request) -> Response:
        if not parse_chain(chain):
            raise HTTPException(404)
        return await service.work(request, chain)

    @app.post("/invocations", **INVOCATIONS)
    async def invocations(request: Request) -> Response:
        return await service.work(request, "invocations")

    @app.get("/v1/styles", summary="What the served model can do: names of styles, tasks and the like")
    async def styles() -> Response:
        about = {name: value for name, value in service.pool.about.items() if name != "digest"}
        return Response(json.dumps({**about, "version": service.version}), media_type=limits.JSON)  # in ASCII

    @app.get("/v1/tasks", summary="The tasks of the served model, with their parameters")
    async def tasks() -> Response:
        about = service.pool.about
        served = [describe(task, about) for task in find_tasks().values() if task.name in about["tasks"]]
        # What else there is: pages and clients show what they find here.
        paths = sorted(
            path for route in app.routes if (path := getattr(route, "path", "")).startswith("/v1/")
        )
        clips = about_clips(service.settings) if service.jobs else None
        answer = {"tasks": served, "paths": paths, "clips": clips, "version": service.version}
        return Response(json.dumps(answer), media_type=limits.JSON)

    @app.get("/v1/requests/{request_id}", summary="Where a request is that was sent with this X-Request-ID")
    async def where(request_id: str) -> dict[str, Any]:
        return service.where(request_id)

    @app.head("/live", include_in_schema=False)
    @app.get("/live", summary="Whether the server runs")
    async def live() -> dict[str, str]:
        return {"status": "live"}

    @app.head("/ready", include_in_schema=False)
    @app.get("/ready", summary="Whether requests would be answered now")
    async def ready() -> Response:
        status = "shutting down" if service.draining else "ready" if service.pool.ready else "starting"
        return JSONResponse({"status": status}, 200 if status == "ready" else 503)

    @app.get("/metrics", summary="For Prometheus")
    async def metrics() -> Response:
        return Response(service.metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")

    add_video(app, service)
    add_page(app)
    app.add_exception_handler(Refused, _refused)  # type: ignore[arg-type]
    app.add_exception_handler(HTTPException, _no_such_place)  # type: ignore[arg-type]
    app.add_exception_handler(Exception, _failed)
    return Middleware(app, service.metrics, access, token)


def _add_route(app: FastAPI, service: Service, task: Task) -> None:
    async def run_task(request: Request) -> Response:
        return await service.work(request, task.name)

    app.post(f"/v1/{task.name}", name=task.name, **operation(task))(run_task)


async def _refused(request: Request, error: Refused) -> Response:
    call = request.scope["call"]
    call.reason = error.code
    body = error_body(error.code, error.message, error.field, call.id)
    return Response(body, error.status, error.headers, limits.JSON)


async def _no_such_place(request: Request, error: HTTPException) -> Response:
    name = request.url.path.removeprefix("/v1/") if request.method == "POST" else ""
    return await _refused(request, no_such_place(error.status_code, error.detail, name, error.headers))


async def _failed(request: Request, error: Exception) -> Response:
    return await _refused(request, internal())
