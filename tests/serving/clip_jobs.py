"""Clips for stub processes, and an application that has them worked on."""

import asyncio
import contextlib
import json
import os
import sys
from pathlib import Path

import httpx

from service_support import InlinePool
from stylefuse.serving.service.access import THIS_MACHINE
from stylefuse.serving.service.app import Service, build_app
from stylefuse.serving.service.clips.jobs import Jobs
from stylefuse.serving.service.settings import Settings

STUB = [sys.executable, str(Path(__file__).with_name("stub_clip.py"))]


def clip(padded: int = 0, **told) -> tuple[str, bytes]:
    """A file for a form: what the stub process is to do, filled up to so many bytes."""
    return "ride.mp4", json.dumps(told).encode().ljust(padded)


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


class Clips:
    """A client of an application in this event loop."""

    def __init__(self, client: httpx.AsyncClient, jobs: Jobs, folder: Path, service: Service):
        self.client, self.jobs, self.folder, self.service = client, jobs, folder, service

    async def send(self, padded: int = 0, fields=None, headers=None, **told) -> httpx.Response:
        files = {"clip": clip(padded, **told)}
        return await self.client.post("/v1/video", files=files, data=fields or {}, headers=headers or {})

    async def start(self, padded: int = 0, **told) -> str:
        answer = await self.send(padded, **told)
        assert answer.status_code == 202, answer.text
        assert answer.headers["location"] == f"/v1/jobs/{answer.json()['id']}"
        return answer.headers["location"]

    async def told(self, job: str) -> dict:
        return (await self.client.get(job)).json()

    async def until(self, job: str, *states: str) -> dict:
        async with asyncio.timeout(60):
            while (told := await self.told(job))["state"] not in states:
                await asyncio.sleep(0.05)
        return told

    def files(self) -> list[Path]:
        return [file for file in self.folder.rglob("*") if file.is_file()]


@contextlib.asynccontextmanager
async def clips(desk, folder: Path, token=None, access=THIS_MACHINE, **settings):
    limits = Settings(**settings)
    jobs = Jobs(folder, limits, lambda: STUB)
    service = Service(InlinePool(desk), limits, "7", jobs)
    transport = httpx.ASGITransport(build_app(service, token, access), raise_app_exceptions=False)
    try:
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            yield Clips(client, jobs, folder, service)
    finally:
        await jobs.close()
