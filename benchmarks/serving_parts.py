"""What is measured of the service; each part gives rows of a table."""

import asyncio
import contextlib
import http.client
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import serving_load as load
from serving_endings import cancel, stop
from serving_options import LARGE, Options, Rows
from serving_servers import Server

SIDES = (256, 512, 1024)
CLIENTS = (1, 4, 16, 64)


def latency(options: Options) -> Rows:
    """One client, pictures of three sizes, both servers in turns."""
    rows = []
    with options.ours() as ours, options.theirs() as theirs:
        for side in SIDES:
            file = load.photo(side, side)
            contenders = [("stylefuse serve", ours, load.stylize(file))]
            contenders += [("mlflow models serve", theirs, load.invocation(file))] if theirs else []
            times = asyncio.run(_in_turns([(s.url, r) for _, s, r in contenders], options.repeats))
            for (name, _, _), sent in zip(contenders, times, strict=True):
                rows.append({"server": name, "picture": f"{side}²", **load.summary(sent)})
    return rows


async def _in_turns(contenders: list[tuple[str, load.Request]], repeats: int) -> list[list[load.Sent]]:
    """Each sends one request in its turn, so that a busy moment of the machine hits all alike."""
    times: list[list[load.Sent]] = [[] for _ in contenders]
    async with contextlib.AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(load.client(url, 1)) for url, _ in contenders]
        for turn in range(repeats + 3):
            for client, (_, request), sent in zip(clients, contenders, times, strict=True):
                answer = await load.send(client, request)
                if turn >= 3:  # the first ones warm up
                    sent.append(answer)
    return times


def overhead(options: Options) -> Rows:
    """What HTTP, processes and checks add to decode + forward + encode, which this process does itself, in turns."""
    import torch

    from stylefuse._memory import reuse_freed_memory
    from stylefuse.serving.bundle import read_model
    from stylefuse.serving.service.source import Source
    from stylefuse.serving.studio import Studio

    reuse_freed_memory()  # as workers do
    source = Source(options.model)
    if options.threads:
        torch.set_num_threads(options.threads)
    model = read_model(asyncio.run(source.get()).folder)
    studio = Studio(model.generator, model.fuser)
    rows = []
    with options.ours() as ours, options.theirs() as theirs:
        for side in SIDES:
            file = load.photo(side, side)
            contenders: list[tuple[str, Callable[[], None], Callable[[], Any]]] = [
                ("decode + forward + encode", lambda: None, lambda f=file: studio.answers([f], None, [""])),
                ("stylefuse serve", *_blocking(ours, load.stylize(file))),
            ]
            if theirs:
                contenders.append(("mlflow models serve", *_blocking(theirs, load.invocation(file))))
            times: list[list[float]] = [[] for _ in contenders]
            for turn in range(options.repeats + 3):
                for (_, connect, call), seconds in zip(contenders, times, strict=True):
                    connect()
                    started = time.perf_counter()
                    call()
                    if turn >= 3:
                        seconds.append(time.perf_counter() - started)
            medians = [float(np.median(seconds)) * 1000 for seconds in times]
            for (name, *_), median in zip(contenders, medians, strict=True):
                added = f"{(median / medians[0] - 1) * 100:+.1f} %"
                rows.append({"way": name, "picture": f"{side}²", "p50 ms": round(median, 1), "added": added})
    source.close()
    return rows


def _blocking(server: Server, request: load.Request) -> tuple[Callable[[], None], Callable[[], None]]:
    """What connects, as a client does who keeps connections, and what sends the request."""
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


def clients(options: Options) -> Rows:
    """1, 4, 16 and 64 clients at 256²; of `mlflow models serve` the same."""
    file, rows = load.photo(256, 256), []
    servers = [("stylefuse serve", options.ours, load.stylize(file))]
    servers += [("mlflow models serve", options.theirs, load.invocation(file))] if options.mlflow else []
    for name, start, request in servers:
        with start() as server:
            for number in CLIENTS:
                sent = asyncio.run(load.load(server.url, number, options.seconds, lambda _, r=request: r))
                numbers = load.summary(sent, options.seconds)
                rows.append({"server": name, "clients": number, **numbers, "MB": round(server.memory())})
    return rows


def burst(options: Options) -> Rows:
    """200 requests at once, of which 32 may wait."""
    with options.ours(queue=32) as server:
        sent = asyncio.run(load.burst(server.url, 200, load.stylize(load.photo(256, 256))))
    refused = [each for each in sent if each.status == 503]
    times = {f"refusal p{p} ms": load.percentile(refused, p) for p in (50, 95, 100)}
    return [{"burst": 200, "queue": 32, **load.summary(sent), **times}]


def soak(options: Options) -> Rows:
    """Four clients, a tenth of their requests bad; how memory grows after the first fifth of the time."""
    good, bad = load.stylize(load.photo(256, 256)), load.bad()
    seconds, memory = options.soak_minutes * 60, []
    with options.ours() as server:
        done = threading.Event()

        def sample() -> None:
            started = time.monotonic()
            while not done.wait(min(5.0, seconds / 20)):
                memory.append((time.monotonic() - started, server.memory()))

        sampler = threading.Thread(target=sample)
        sampler.start()
        try:
            choose = lambda number: bad if number % 10 == 9 else good  # noqa: E731
            sent = asyncio.run(load.load(server.url, 4, seconds, choose))
        finally:
            done.set()
            sampler.join()
    later = np.array([sample for sample in memory if sample[0] > seconds / 5])
    slope = float(np.polyfit(later[:, 0] / 60, later[:, 1], 1)[0])
    grown = {"MB at the start": round(later[0, 1], 1), "MB at the end": round(later[-1, 1], 1)}
    numbers = load.summary(sent, seconds)
    return [{"minutes": options.soak_minutes, **numbers, **grown, "MB a minute": round(slope, 3)}]


def ready(options: Options) -> Rows:
    """How soon /ready answers while 16 clients are served."""
    request = load.stylize(load.photo(256, 256))

    async def both(url: str) -> tuple[list[load.Sent], list[load.Sent]]:
        busy = load.load(url, 16, options.seconds, lambda _: request)
        return await asyncio.gather(busy, load.poll(url, "/ready", options.seconds, 0.05))

    with options.ours() as server:
        _, asked = asyncio.run(both(server.url))
    return [{"clients": 16, "path": "/ready", **load.summary(asked)}]


def large(options: Options) -> Rows:
    """Small pictures alone, and beside a client that sends ones of 12 megapixels; with one worker and with two."""
    small, big, rows = load.stylize(load.photo(256, 256)), load.stylize(load.photo(*LARGE)), []

    async def beside(url: str) -> tuple[list[load.Sent], list[load.Sent]]:
        return await asyncio.gather(
            load.load(url, 1, options.seconds, lambda _: small),
            load.load(url, 1, options.seconds, lambda _: big),
        )

    for workers in (1, 2):
        with options.ours(workers=workers) as server:
            alone = asyncio.run(load.load(server.url, 1, options.seconds, lambda _: small))
            together, bigs = asyncio.run(beside(server.url))
        for name, sent in (("256² alone", alone), ("256² beside 12 MP", together), ("12 MP", bigs)):
            rows.append({"workers": workers, "requests": name, **load.summary(sent)})
    return rows


PARTS = {
    part.__name__: part for part in (overhead, latency, clients, burst, ready, large, cancel, stop, soak)
}
