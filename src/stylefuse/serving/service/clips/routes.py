"""Routes of clips: `POST /v1/video` starts a job; `/v1/jobs/<id>` shows its state, ends it, and serves its result."""

import asyncio
import json
import logging
import re
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import FileResponse, JSONResponse
from starlette.types import Message, Receive, Scope, Send

from stylefuse.serving.service import limits
from stylefuse.serving.service.clips import jobs
from stylefuse.serving.service.clips.form import CLIP, read_request, receive, too_large
from stylefuse.serving.service.clips.jobs import Job, Jobs
from stylefuse.serving.service.clips.openapi import PATH, REMOVE, RESULT, TELL, VIDEO
from stylefuse.serving.service.errors import STATUS, Refused, shutting_down
from stylefuse.serving.service.process import WorkerDied
from stylefuse.serving.service.settings import MARGIN_BYTES
from stylefuse.tasks.validation import RequestError

if TYPE_CHECKING:
    from stylefuse.serving.service.app import Service

log = logging.getLogger(__name__)


def add_video(app: FastAPI, service: "Service") -> None:
    """Add the routes."""

    @app.post(PATH, status_code=202, **VIDEO)
    async def start(request: Request) -> Response:
        return await _start(service, request)

    @app.get("/v1/jobs/{job_id}", **TELL)
    async def tell(job_id: str) -> Response:
        every = _jobs(service)
        return JSONResponse(described(every, _found(every, job_id)))

    @app.delete("/v1/jobs/{job_id}", status_code=204, **REMOVE)
    async def remove(job_id: str) -> Response:
        every = _jobs(service)
        await every.remove(_found(every, job_id))
        return Response(status_code=204)

    @app.head("/v1/jobs/{job_id}/result", include_in_schema=False)
    @app.get("/v1/jobs/{job_id}/result", **RESULT)
    async def result(job_id: str) -> Response:
        every = _jobs(service)
        job = _found(every, job_id)
        if job.result is None:
            text = f"the job is {job.state}: ask /v1/jobs/{job_id} until its state is done"
            raise Refused(409, "not_done", text)
        return _Result(job, every)


def described(every: Jobs, job: Job) -> dict[str, Any]:
    """What a client gets to know of a job."""
    now = asyncio.get_running_loop().time()
    answer: dict[str, Any] = {"id": job.id, "state": job.state, "name": job.name}
    if job.state == jobs.WAITING:
        answer["ahead"] = every.ahead(job)
    if job.state in (jobs.WORKING, jobs.DONE):
        seconds = (job.ended or now) - job.began
        answer |= {"frames": job.frames, "total": job.total, "seconds": round(seconds, 1)}
    if job.state == jobs.DONE:
        answer |= {
            "result": f"/v1/jobs/{job.id}/result",
            "file": _file_name(job),
            "bytes": job.bytes,
            "report": job.report,
        }
    if job.error:
        answer["error"] = job.error
    if job.ended:
        answer["kept_for"] = max(0, round(job.ended + every.kept_for - now))
    return answer


async def _start(service: "Service", request: Request) -> Response:
    call = request.scope["call"]
    call.task = "video"
    every = _jobs(service)
    if service.draining:
        raise shutting_down()
    limits.check_type(request.headers, (limits.FORM,))
    most = service.settings.clip_bytes
    declared = request.headers.get("content-length", "0")
    if declared.isdecimal() and int(declared) > most + MARGIN_BYTES:
        raise too_large(most)
    job = await every.new()
    service.in_flight += 1
    try:
        sent = await receive(
            request, job.clip, most, service.settings.timeout, lambda count: every.grow(job, count)
        )
        ask = read_request(sent.fields)
        await _check(service, call.id, ask)
        every.submit(job, sent.name, ask)
    except RequestError as error:
        text = f"{error.field}: {error.message}; {error.remedy}"
        raise Refused(STATUS.get(error.code, 400), error.code, text, error.field) from None
    finally:
        service.in_flight -= 1
        if job.state == jobs.SENDING:
            await every.remove(job)
    return JSONResponse(described(every, job), 202, {"Location": f"/v1/jobs/{job.id}"})


async def _check(service: "Service", call_id: str, ask: dict[str, Any]) -> None:
    """Have a worker, which knows the model, check the parameters; raise Refused where they are wrong."""
    try:
        async with asyncio.timeout(service.settings.timeout):
            frame = await service.pool.submit({"kind": "check", **ask, "request_id": call_id}, b"")
    except TimeoutError:
        raise Refused(504, "timeout", "the server is busy with pictures: try again later") from None
    except WorkerDied:
        raise Refused(500, "worker_died", "the process that read the parameters ended: try again") from None
    if frame.header["status"] != 200:
        error = json.loads(frame.body)
        raise Refused(frame.header["status"], error["code"], error["message"], error["field"])


def _jobs(service: "Service") -> Jobs:
    if service.jobs is None:
        raise Refused(501, "no_video", f"this server does not work on clips: {service.no_clips}", CLIP)
    return service.jobs


def _found(every: Jobs, job_id: str) -> Job:
    job = every.find(job_id)
    if job is None:
        text = "there is no such job: it was deleted, its time is over, or the server was started again"
        raise Refused(404, "no_such_job", text)
    return job


def _file_name(job: Job) -> str:
    """A name for the result: that of the clip, and the style or the tasks."""
    assert job.result is not None  # it is done
    made = str(job.report.get("style") or job.report.get("task", "done"))
    kept = re.sub(r"[^\w.-]+", "-", f"{job.name.rpartition('.')[0] or 'clip'}-{made}")
    return kept[:120] + job.result.suffix


class _RemovedError(Exception):
    """The job of a result that is fetched was removed."""


class _Result(FileResponse):
    """The file of a result, whole or in parts; it breaks off when the job is removed."""

    def __init__(self, job: Job, every: Jobs):
        assert job.result is not None  # it is done
        super().__init__(job.result, filename=_file_name(job), headers={"Cache-Control": "no-store"})
        self._job, self._every = job, every

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        sent = 0

        async def checked(message: Message) -> None:
            nonlocal sent
            # An open file would take room on the disk after its removal.
            if self._every.find(self._job.id) is None:
                raise _RemovedError
            await send(message)
            sent += len(message.get("body", b""))

        try:
            await super().__call__(scope, receive, checked)
        except _RemovedError:
            log.info("a job was removed while its result was fetched")
        if sent >= self._job.bytes:
            self._job.fetched = True
