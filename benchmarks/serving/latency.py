"""Response times of a single client, and what the service adds to the work itself."""

import asyncio
import contextlib
import http.client
from collections.abc import Callable
from typing import Any

from benchmarks.common.timing import medians, time_in_turns
from benchmarks.serving import requests, senders
from benchmarks.serving.options import Options, Rows
from benchmarks.serving.servers import Server

SIDES = (256, 512, 1024)
WARM_UP = 3  # rounds that do not count


def latency(options: Options) -> Rows:
    """One client, pictures of three sizes, both servers in turns."""
    rows = []
    with options.ours() as ours, options.theirs() as theirs:
        for side in SIDES:
            file = requests.photo(side, side)
            contenders = [("stylefuse serve", ours, requests.stylize(file))]
            contenders += [("mlflow models serve", theirs, requests.invocation(file))] if theirs else []
            times = asyncio.run(_in_turns([(s.url, r) for _, s, r in contenders], options.repeats))
            for (name, _, _), sent in zip(contenders, times, strict=True):
                rows.append({"server": name, "picture": f"{side}²", **senders.summary(sent)})
    return rows


async def _in_turns(contenders: list[tuple[str, requests.Request]], repeats: int) -> list[list[senders.Sent]]:
    """Send one request to each server in its turn, so that a busy moment of the machine slows all alike."""
    times: list[list[senders.Sent]] = [[] for _ in contenders]
    async with contextlib.AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(senders.client(url, 1)) for url, _ in contenders]
        for turn in range(WARM_UP + repeats):
            for client, (_, request), sent in zip(clients, contenders, times, strict=True):
                answer = await senders.send(client, request)
                if turn >= WARM_UP:
                    sent.append(answer)
    return times


def overhead(options: Options) -> Rows:
    """What HTTP, processes and checks add to decode + forward + encode, which this process does itself, in turns."""
    import torch

    from stylefuse._memory import reuse_freed_memory
    from stylefuse.serving.bundle import load_bundle, read_model
    from stylefuse.serving.predictor import RequestPredictor
    from stylefuse.serving.service.source import Source

    reuse_freed_memory()  # as workers do
    source = Source(options.model)
    if options.threads:
        torch.set_num_threads(options.threads)
    predictor = RequestPredictor(load_bundle(read_model(asyncio.run(source.get()).folder)))
    work, rows = "decode + forward + encode", []
    with options.ours() as ours, options.theirs() as theirs:
        for side in SIDES:
            file = requests.photo(side, side)
            calls: dict[str, Callable[[], Any]] = {work: lambda f=file: predictor.predict([f], None, [""])}
            connects = {}
            servers = {"stylefuse serve": (ours, requests.stylize(file))}
            servers |= {"mlflow models serve": (theirs, requests.invocation(file))} if theirs else {}
            for name, (server, request) in servers.items():
                connects[name], calls[name] = _blocking(server, request)
            typical = medians(time_in_turns(calls, options.repeats, WARM_UP, connects))
            for name, median in typical.items():
                added = f"{(median / typical[work] - 1) * 100:+.1f} %"
                rows.append(
                    {"way": name, "picture": f"{side}²", "p50 ms": round(median * 1000, 1), "added": added}
                )
    source.close()
    return rows


def _blocking(server: Server, request: requests.Request) -> tuple[Callable[[], None], Callable[[], None]]:
    """Return a function that connects, as clients with a kept connection have done before, and one that requests."""
    connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=120)

    def connect() -> None:
        connection.close()
        connection.connect()

    def call() -> None:
        connection.request("POST", request.path, request.body, {"Content-Type": request.content_type})
        answer = connection.getresponse()
        if answer.status != 200:
            raise RuntimeError(f"{request.path} answered {answer.status}: {answer.read(300)!r}")
        answer.read()

    return connect, call
