"""The server with stub workers: `python stub_server.py '{"port": 0, "settings": {…}, "token": null, "mark": "…"}'`.

What model comes next on SIGHUP is read from the file `next` in the current folder, if there is one.
"""

import asyncio
import json
import logging
import signal
import sys
from pathlib import Path

from stylefuse.serving.service import protocol, server
from stylefuse.serving.service.command import bind
from stylefuse.serving.service.settings import Settings
from stylefuse.serving.service.source import Model


class Marks:
    async def get(self) -> Model:
        file = Path("next")
        return Model(Path(file.read_text() if file.is_file() else "a" * 64), "")


def command(model: Model, settings: Settings) -> list[str]:
    return [sys.executable, str(Path(__file__).with_name("stub_worker.py")), str(model.folder)]


def clip_command(model: Model, settings: Settings) -> list[str]:
    return [sys.executable, str(Path(__file__).with_name("stub_clip.py"))]


def has_no_reason(settings: Settings) -> str:
    return ""


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    told = json.loads(sys.argv[1])
    if told.get("without_sighup"):  # as on Windows
        del signal.SIGHUP
    protocol.HEAD_SECONDS = protocol.REST_SECONDS = told.get("head", 10)
    protocol.FETCH_SECONDS = told.get("fetch", 60)
    listener = bind("127.0.0.1", told.get("port", 0))
    print(listener.getsockname()[1], flush=True)
    settings = Settings(**told.get("settings", {}))
    server.no_clips = has_no_reason  # the stub process needs no PyAV
    asyncio.run(server.serve(listener, Marks(), settings, told.get("token"), command, clip_command))
