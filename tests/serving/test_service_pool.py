"""Workers and the line before them: who waits, who is stopped, who is replaced."""

import asyncio
import gc
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import psutil
import pytest

from stylefuse.serving.service.errors import Refused
from stylefuse.serving.service.pool import Pool
from stylefuse.serving.service.process import StartFailed, WorkerDied, kill
from stylefuse.serving.service.settings import Settings
from stylefuse.serving.service.source import Source

STUB = [sys.executable, str(Path(__file__).with_name("stub_worker.py"))]


def run(test, mark="a", **settings):
    """Run `test(pool)` with a started pool of stub workers."""

    async def with_pool():
        pool = Pool([*STUB, mark], Settings(**settings))
        await pool.start()
        try:
            async with asyncio.timeout(60):
                return await test(pool)
        finally:
            await pool.close()

    return asyncio.run(with_pool())


def submit(pool, **do):
    return pool.submit({"kind": "stylize"}, json.dumps(do).encode())


async def told(future):
    return json.loads((await future).body)


async def until(true):
    while not true():
        await asyncio.sleep(0.01)


def test_a_request_is_answered_and_large_ones_pass_whole():
    async def test(pool):
        assert (await told(submit(pool)))["bytes"] == 2
        answer = await pool.submit(
            {"kind": "fuse"}, json.dumps({"size": 9_000_000, "x": "y" * 5_000_000}).encode()
        )
        assert len(answer.body) > 9_000_000 and json.loads(answer.body)["bytes"] > 5_000_000

    run(test)


def test_the_line_is_bounded_and_refuses_at_once():
    async def test(pool):
        first = submit(pool, do="sleep", seconds=30)
        await until(lambda: pool.working)
        waiting = [submit(pool), submit(pool)]
        with pytest.raises(Refused) as refused:
            submit(pool)
        assert refused.value.status == 503 and int(refused.value.headers["Retry-After"]) >= 1
        waiting[0].cancel()  # who leaves makes room
        await asyncio.sleep(0)
        assert pool.waiting == 1
        waiting.append(submit(pool))
        first.cancel()
        assert [(await told(each))["worker"] for each in waiting[1:]] == ["a", "a"]

    run(test, queue=2)


def test_unwanted_work_is_given_up_and_the_worker_stays():
    async def test(pool):
        (pid,) = pool.pids
        long = submit(pool, do="sleep", seconds=50)
        await until(lambda: pool.working)
        long.cancel()
        assert (await told(submit(pool)))["pid"] == pid
        assert pool.restarts == 0

    run(test, stop=20)


def test_a_worker_that_does_not_stop_is_killed_and_replaced():
    async def test(pool):
        (pid,) = pool.pids
        deaf = submit(pool, do="hang", seconds=300)
        await until(lambda: pool.working)
        deaf.cancel()
        assert (await told(submit(pool)))["pid"] != pid
        assert pool.restarts == 1

    run(test, stop=0.1)


@pytest.mark.parametrize("how", ["it crashes", "it is killed"])
def test_a_worker_that_dies_at_work_is_replaced_and_only_its_request_fails(how):
    async def test(pool):
        (pid,) = pool.pids
        doomed = submit(pool, do="die" if how == "it crashes" else "sleep", seconds=60)
        next_one = submit(pool)
        if how == "it is killed":
            await until(lambda: pool.working)
            os.kill(pid, signal.SIGKILL)
        with pytest.raises(WorkerDied):
            await doomed
        assert (await told(next_one))["pid"] != pid

    run(test)


def test_an_idle_worker_that_dies_is_noticed_and_replaced():
    async def test(pool):
        (pid,) = pool.pids
        os.kill(pid, signal.SIGKILL)
        await until(lambda: not pool.ready)
        await until(lambda: pool.ready)
        assert pool.pids != [pid]
        assert (await told(submit(pool)))["pid"] != pid

    run(test)


def test_several_workers_work_at_once():
    async def test(pool):
        slow = [submit(pool, do="sleep", seconds=60) for _ in range(2)]
        assert (await told(submit(pool)))["pid"] in pool.pids
        assert pool.working == 2 and len(pool.pids) == 3
        for each in slow:
            each.cancel()

    run(test, workers=3)


def test_another_model_takes_over_without_a_request_lost():
    async def test(pool):
        at_work = submit(pool, do="sleep", seconds=0.5)
        await until(lambda: pool.working)
        waiting = [submit(pool) for _ in range(5)]
        await pool.reload([*STUB, "b"])
        assert pool.ready
        assert (await told(at_work))["worker"] == "a"
        assert [(await told(each))["worker"] for each in waiting] == ["b"] * 5
        assert (pool.about["digest"], pool.restarts, len(pool.pids)) == ("b", 0, 1)
        os.kill(pool.pids[0], signal.SIGKILL)
        await until(lambda: pool.restarts)
        assert (await told(submit(pool)))["worker"] == "b"  # and stays when workers are replaced

    run(test)


def test_a_model_that_cannot_be_served_takes_nothing_over():
    async def test(pool):
        with pytest.raises(StartFailed, match="not whole"):
            await pool.reload([*STUB, "refuses"])
        assert (await told(submit(pool)))["worker"] == pool.about["digest"] == "a"

    run(test)


def test_a_pool_without_a_model_does_not_start():
    for command, words in (([*STUB, "refuses"], "not whole"), ([sys.executable, "-c", ""], "exit code 0")):
        with pytest.raises(StartFailed, match=words):
            asyncio.run(Pool(command, Settings(workers=2)).start())


def test_what_is_abandoned_is_refused():
    async def test(pool):
        at_work, waiting = submit(pool, do="hang", seconds=60), submit(pool)
        await until(lambda: pool.working)
        pool.abandon()
        for each in (at_work, waiting):
            with pytest.raises(Refused) as refused:
                await each
            assert refused.value.code == "shutting_down"

    run(test)


def test_workers_end_with_the_pool():
    pids = run(lambda pool: asyncio.sleep(0, pool.pids), workers=2)
    assert not any(psutil.pid_exists(pid) for pid in pids)


# A process that writes a line and starts another, which holds its standard output for a minute.
HELD = """
import subprocess, sys, time
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], stdin=subprocess.DEVNULL)
print("started", flush=True)
time.sleep(60)
"""


def test_a_killed_process_leaves_nothing_open_when_the_event_loop_closes(monkeypatch):
    """Its own child still holds the pipe: reading it to the end would wait for that child."""
    errors = []
    monkeypatch.setattr(sys, "unraisablehook", errors.append)

    async def start_and_kill():
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", HELD, stdout=PIPE)
        await process.stdout.readline()
        (child,) = psutil.Process(process.pid).children()
        try:
            await asyncio.wait_for(kill(process), 30)
        finally:
            child.kill()
        return process.returncode

    assert asyncio.run(start_and_kill()) == -signal.SIGKILL
    gc.collect()
    assert errors == []


def test_a_server_that_is_stopped_while_it_fetches_its_model_waits_for_the_end_of_that_process(monkeypatch):
    started = []
    create = asyncio.create_subprocess_exec

    async def create_and_note(*command, **options):
        started.append(await create(*command, **options))
        return started[0]

    monkeypatch.setattr(asyncio, "create_subprocess_exec", create_and_note)
    source = Source("models:/stylefuse@champion")

    async def fetch_and_stop():
        fetching = asyncio.create_task(source.get())
        await until(lambda: started)
        fetching.cancel()
        with pytest.raises(asyncio.CancelledError):
            await fetching
        return started[0].returncode

    assert asyncio.run(fetch_and_stop()) == -signal.SIGKILL
    source.close()
