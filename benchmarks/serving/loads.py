"""Loads of several clients: how many requests are answered, how soon, and at what cost in memory."""

import asyncio
import threading
import time

import numpy as np

from benchmarks.serving import requests, senders
from benchmarks.serving.options import LARGE, Options, Rows

CLIENTS = (1, 4, 16, 64)


def clients(options: Options) -> Rows:
    """1, 4, 16 and 64 clients at 256², on both servers."""
    file, rows = requests.photo(256, 256), []
    servers = [("stylefuse serve", options.ours, requests.stylize(file))]
    servers += [("mlflow models serve", options.theirs, requests.invocation(file))] if options.mlflow else []
    for name, start, request in servers:
        with start() as server:
            for number in CLIENTS:
                sent = asyncio.run(
                    senders.run_clients(server.url, number, options.seconds, lambda _, r=request: r)
                )
                numbers = senders.summary(sent, options.seconds)
                rows.append({"server": name, "clients": number, **numbers, "MB": round(server.memory())})
    return rows


def burst(options: Options) -> Rows:
    """200 requests at once, with a queue of 32."""
    with options.ours(queue=32) as server:
        sent = asyncio.run(senders.burst(server.url, 200, requests.stylize(requests.photo(256, 256))))
    refused = [each for each in sent if each.status == 503]
    times = {f"refusal p{p} ms": senders.percentile(refused, p) for p in (50, 95, 100)}
    return [{"burst": 200, "queue": 32, **senders.summary(sent), **times}]


def soak(options: Options) -> Rows:
    """Four clients, a tenth of their requests bad: how memory grows after the first fifth of the time."""
    good, bad = requests.stylize(requests.photo(256, 256)), requests.bad()
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
            sent = asyncio.run(senders.run_clients(server.url, 4, seconds, choose))
        finally:
            done.set()
            sampler.join()
    later = np.array([sample for sample in memory if sample[0] > seconds / 5])
    slope = float(np.polyfit(later[:, 0] / 60, later[:, 1], 1)[0])
    grown = {"MB at the start": round(later[0, 1], 1), "MB at the end": round(later[-1, 1], 1)}
    numbers = senders.summary(sent, seconds)
    return [{"minutes": options.soak_minutes, **numbers, **grown, "MB a minute": round(slope, 3)}]


def ready(options: Options) -> Rows:
    """Response times of /ready while 16 clients are served."""
    request = requests.stylize(requests.photo(256, 256))

    async def both(url: str) -> tuple[list[senders.Sent], list[senders.Sent]]:
        busy = senders.run_clients(url, 16, options.seconds, lambda _: request)
        return await asyncio.gather(busy, senders.poll(url, "/ready", options.seconds, 0.05))

    with options.ours() as server:
        _, polled = asyncio.run(both(server.url))
    return [{"clients": 16, "path": "/ready", **senders.summary(polled)}]


def large(options: Options) -> Rows:
    """Small pictures alone and beside a client that sends 12 megapixels, with one worker and with two."""
    small, big, rows = (
        requests.stylize(requests.photo(256, 256)),
        requests.stylize(requests.photo(*LARGE)),
        [],
    )

    async def beside(url: str) -> tuple[list[senders.Sent], list[senders.Sent]]:
        return await asyncio.gather(
            senders.run_clients(url, 1, options.seconds, lambda _: small),
            senders.run_clients(url, 1, options.seconds, lambda _: big),
        )

    for workers in (1, 2):
        with options.ours(workers=workers) as server:
            alone = asyncio.run(senders.run_clients(server.url, 1, options.seconds, lambda _: small))
            together, bigs = asyncio.run(beside(server.url))
        for name, sent in (("256² alone", alone), ("256² beside 12 MP", together), ("12 MP", bigs)):
            rows.append({"workers": workers, "requests": name, **senders.summary(sent)})
    return rows
