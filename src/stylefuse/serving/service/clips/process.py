"""Run the process that works on one job, from the server's side."""

import asyncio
import contextlib
import json
import os
import subprocess
from asyncio.subprocess import PIPE
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any

from stylefuse.serving.service.process import WorkerDied, kill

# Without a word from the process: loading a model takes seconds, a large frame on a busy machine minutes.
STALL_SECONDS = 900.0
# Of all priorities: requests for pictures are hardly slower while a clip is worked on.
LOWEST = 19


async def follow(command: Sequence[str], ask: Mapping[str, Any]) -> AsyncGenerator[dict[str, Any], None]:
    """Start a process, tell it what to do, and yield what it says, each a line of JSON.

    The process ends with this generator, at the latest: close it. It also ends when this process does, because its
    standard input is then closed.

    Raises:
        WorkerDied: it failed, or said nothing for STALL_SECONDS.
    """
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=PIPE,
        stdout=PIPE,
        limit=1 << 20,
        creationflags=getattr(subprocess, "BELOW_NORMAL_PRIORITY_CLASS", 0),  # on Windows
    )
    if hasattr(os, "setpriority"):
        with contextlib.suppress(ProcessLookupError):
            os.setpriority(os.PRIO_PROCESS, process.pid, LOWEST)
    assert process.stdin is not None and process.stdout is not None  # they are pipes
    try:
        with contextlib.suppress(ConnectionError):  # it ended: there will be no line
            process.stdin.write(json.dumps(ask).encode() + b"\n")
            await process.stdin.drain()
        while True:
            try:
                async with asyncio.timeout(STALL_SECONDS):
                    line = await process.stdout.readline()
            except TimeoutError:
                raise WorkerDied from None
            if not line:
                break
            yield json.loads(line)
        if await process.wait():
            raise WorkerDied
    finally:
        await kill(process)
