"""Jobs on clips, through the application: sending, waiting, progress, cancelling, fetching, and what they may use."""

import asyncio
import json
import shutil
import time
from typing import ClassVar

import pytest
from clip_jobs import clips, is_running

from service_support import Client, inline_app
from stylefuse.serving.service.access import Access
from stylefuse.serving.service.clips import jobs as jobs_module
from stylefuse.serving.service.ipc import Frame
from stylefuse.video.options import MOST_STEADY


class Desk:
    """Finds every request good, and knows no networks."""

    about: ClassVar = {"tasks": ["stylize", "fuse"], "styles": ["ink", "monet"]}

    def answer(self, ask, body):
        return Frame({"status": 200}, b"{}")


@pytest.fixture
def run(tmp_path):
    """Run a scenario, a coroutine function of `Clips`."""

    def run(scenario, desk=None, **settings):
        async def whole():
            async with clips(desk or Desk(), tmp_path, **settings) as app:
                await scenario(app)
            assert list(tmp_path.iterdir()) == []

        asyncio.run(whole())

    return run


def test_a_clip_is_sent_worked_on_and_fetched_whole_and_in_parts(run):
    async def scenario(app):
        fields = {"style": "monet", "strength": "0.5"}
        answer = await app.send(fields=fields, frames=4, size=4, pause=0.05)  # long enough for "seconds"
        assert answer.status_code == 202 and answer.json()["state"] in ("waiting", "working")
        job = answer.headers["location"]
        told = await app.until(job, "done")
        assert (told["frames"], told["total"], told["name"], told["bytes"]) == (4, 4, "ride.mp4", 1024)
        assert told["report"] == {"task": "stylize", "style": "monet", "strength": 0.5}
        assert 3500 < told["kept_for"] <= 3600 and told["seconds"] > 0
        assert [file.name for file in app.files()] == ["result.mp4"]  # neither clip nor parts
        whole = await app.client.get(told["result"])
        assert whole.content == bytes(range(256)) * 4
        assert whole.headers["content-type"] == "video/mp4"
        assert whole.headers["content-disposition"] == 'attachment; filename="ride-monet.mp4"'
        assert whole.headers["accept-ranges"] == "bytes"
        part = await app.client.get(told["result"], headers={"Range": "bytes=1000-1009"})
        assert (part.status_code, part.content) == (206, whole.content[1000:1010])
        assert part.headers["content-range"] == "bytes 1000-1009/1024"
        beyond = await app.client.get(told["result"], headers={"Range": "bytes=5000-"})
        assert beyond.status_code == 416
        head = await app.client.head(told["result"])
        assert (head.status_code, head.headers["content-length"], head.content) == (200, "1024", b"")
        assert (await app.client.delete(job)).status_code == 204
        gone = await app.client.get(told["result"])
        assert (gone.status_code, gone.json()["code"]) == (404, "no_such_job")

    run(scenario)


def test_one_job_is_worked_on_at_a_time_and_others_know_their_place(run):
    async def scenario(app):
        first, second, third = [await app.start(frames=1000, pause=0.01) for _ in range(3)]
        told = await app.until(first, "working")
        assert (await app.told(second))["ahead"] == 1 and (await app.told(third))["ahead"] == 2
        while not told["frames"]:
            await asyncio.sleep(0.05)
            told = await app.told(first)
        assert told["total"] == 1000 and "result" not in told
        early = await app.client.get(f"{first}/result")
        assert (early.status_code, early.json()["code"]) == (409, "not_done")
        await app.client.delete(second)
        assert (await app.told(third))["ahead"] == 1
        text = (await app.client.get("/metrics")).text
        for line in ('stylefuse_clips{state="working"} 1.0', 'stylefuse_clips{state="waiting"} 1.0'):
            assert line in text
        assert "stylefuse_clip_frames_total" in text and "stylefuse_clips_bytes" in text

    run(scenario)


def test_a_cancelled_job_s_process_is_killed_and_the_next_begins(run):
    async def scenario(app):
        first, second = await app.start(frames=5000, pause=0.01), await app.start(frames=1)
        await app.until(first, "working")
        while not (files := [file for file in app.files() if file.name == "pid"]):
            await asyncio.sleep(0.05)
        pid = int(files[0].read_text())
        began = time.monotonic()
        assert (await app.client.delete(first)).status_code == 204
        assert time.monotonic() - began < 2 and not is_running(pid)
        assert not files[0].parent.exists()
        assert (await app.client.get(first)).status_code == 404
        await app.until(second, "done")

    run(scenario)


def test_a_job_fails_in_words_and_keeps_no_file(run):
    async def scenario(app):
        refused, died, after = [await app.start(frames=1, do=do) for do in ("refuse", "die", "")]
        told = await app.until(refused, "failed")
        assert told["error"] == {
            "code": "hdr",
            "message": "clip: it is HDR; send tone_map",
            "field": "clip",
        }
        told = await app.until(died, "failed")
        assert told["error"]["code"] == "worker_died" and "log" in told["error"]["message"]
        await app.until(after, "done")
        assert [file.name for file in app.files()] == ["result.mp4"]

    run(scenario)


@pytest.fixture(scope="module")
def desk(model_folder):
    from stylefuse.serving.bundle import read_model
    from stylefuse.serving.service.request_handler import RequestHandler

    return RequestHandler(read_model(model_folder))


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"steady": "1"}, "steady", f"from 0 to {MOST_STEADY}"),
        ({"preview": "many"}, "preview", "whole number"),
        ({"style": "monte"}, "style", "monet"),
        ({"strength": "2"}, "strength", "from 0"),
        ({"strenght": "1"}, "strenght", "unknown field"),
        ({"task": "panorama"}, "task", "stylize"),
        ({"task": "stylise"}, "task", "stylize"),
        ({"format": "png"}, "format", "unknown field"),
    ],
)
def test_a_wrong_field_is_refused_by_name_before_the_job_waits(run, desk, fields, field, words):
    async def scenario(app):
        answer = await app.send(fields=fields)
        told = answer.json()
        assert (answer.status_code, told["field"]) == (400, field)
        assert told["message"].startswith(f"{field}: ") and words in told["message"]
        assert app.jobs.bytes == 0 and app.files() == []

    run(scenario, desk)


@pytest.mark.parametrize(
    ("parts", "field", "code"),
    [
        ({"files": {"image": ("a.mp4", b"x")}}, "image", "invalid_value"),
        ({"files": {"clip": ("a.mp4", b"")}}, "clip", "empty"),
        ({"files": [("clip", ("a.mp4", b"x")), ("clip", ("b.mp4", b"x"))]}, "clip", "duplicate_field"),
        ({"files": {"style": (None, b"ink")}}, "clip", "missing_field"),
        ({"files": {"clip": (None, b"x")}}, "clip", "not_a_file"),
        ({"files": {"clip": ("a.mp4", b"x"), "style": (None, b"x" * 300_000)}}, "body", "too_large"),
        (
            {"content": b"--x\r\n", "headers": {"Content-Type": "multipart/form-data; boundary=x"}},
            "body",
            "not_a_form",
        ),
        ({"content": b"x", "headers": {"Content-Type": "multipart/form-data"}}, "body", "not_a_form"),
        ({"json": {"clip": "AAAA"}}, "Content-Type", "unsupported_type"),
    ],
)
def test_a_wrong_form_is_refused_by_name(run, parts, field, code):
    async def scenario(app):
        answer = await app.client.post("/v1/video", **parts)
        assert answer.status_code in (400, 413, 415), answer.text
        assert (answer.json()["field"], answer.json()["code"]) == (field, code)
        assert app.files() == []

    run(scenario)


def test_a_clip_that_is_too_large_is_refused_as_it_comes(run):
    async def scenario(app):
        answer = await app.send(padded=2_100_000)
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")

        async def chunks():
            form = b'--x\r\nContent-Disposition: form-data; name="clip"; filename="a.mp4"\r\n\r\n'
            yield form
            for _ in range(21):
                yield b"x" * 100_000

        headers = {"Content-Type": "multipart/form-data; boundary=x"}
        answer = await app.client.post("/v1/video", content=chunks(), headers=headers)
        assert (answer.status_code, answer.json()["field"]) == (413, "clip")
        assert app.files() == []

    run(scenario, clip_bytes=2_000_000)


def test_there_are_no_more_clips_than_allowed_and_fetched_ones_make_room(run):
    async def scenario(app):
        done, working = await app.start(frames=1), await app.start(frames=5000, pause=0.01)
        await app.until(done, "done")
        answer = await app.send()
        assert (answer.status_code, answer.json()["code"]) == (503, "busy")
        assert int(answer.headers["retry-after"]) > 0
        await app.client.get(f"{done}/result", headers={"Range": "bytes=0-9"})
        assert (await app.send()).status_code == 503  # a part of it is not all of it
        await app.client.get(f"{done}/result")
        await app.start(frames=1)
        assert (await app.client.get(done)).status_code == 404
        assert (await app.client.get(working)).status_code == 200

    run(scenario, clips=2)


def test_all_clips_together_have_no_more_bytes_than_allowed(run):
    async def scenario(app):
        first = await app.start(padded=600_000, frames=5000, pause=0.01)
        answer = await app.send(padded=600_000)
        assert (answer.status_code, answer.json()["code"]) == (507, "disk_full")
        assert sum(file.stat().st_size for file in app.files()) < 700_000
        await app.client.delete(first)
        grows = await app.start(padded=600_000, frames=5000, pause=0.01, grows=100_000)
        told = await app.until(grows, "failed")
        assert told["error"]["code"] == "disk_full"
        assert app.files() == [] and app.jobs.bytes == 0

    run(scenario, clips_bytes=1_000_000)


def test_bytes_of_a_deleted_clip_count_until_its_files_are_gone(run, monkeypatch):
    counted = []

    async def scenario(app):
        job = await app.start(padded=600_000, frames=5000, pause=0.01)
        rmtree = shutil.rmtree

        def remove(*what):
            counted.append(app.jobs.bytes)
            rmtree(*what)

        monkeypatch.setattr(shutil, "rmtree", remove)
        await app.client.delete(job)
        assert counted[0] >= 600_000 and app.jobs.bytes == 0

    run(scenario)


def test_a_full_disk_is_said_before_anything_is_written(run, monkeypatch):
    monkeypatch.setattr(jobs_module, "FREE_BYTES", 10**18)

    async def scenario(app):
        assert (await app.send()).json()["code"] == "disk_full"

    run(scenario)


def test_results_are_not_kept_for_ever(run):
    async def scenario(app):
        job = await app.start(frames=1)
        await app.until(job, "done")
        async with asyncio.timeout(30):
            while (await app.client.get(job)).status_code == 200:
                await asyncio.sleep(0.02)
        assert list(app.folder.iterdir()) == []

    run(scenario, clip_seconds=1)


def test_a_slow_sender_is_given_up(run):
    async def scenario(app):
        async def stalls():
            yield b'--x\r\nContent-Disposition: form-data; name="clip"; filename="a.mp4"\r\n\r\nx'
            await asyncio.sleep(3)

        headers = {"Content-Type": "multipart/form-data; boundary=x"}
        answer = await app.client.post("/v1/video", content=stalls(), headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (408, "slow_body")

    run(scenario, timeout=0.2)


def test_jobs_are_for_those_who_may_ask(run, tmp_path):
    async def scenario(app):
        job = await app.start(frames=1)
        assert len(job.rpartition("/")[2]) == 32  # nobody guesses it
        for headers, status in (
            ({"Host": "evil.example.com"}, 421),
            ({"Origin": "http://evil.example.com"}, 403),
            ({"Sec-Fetch-Site": "cross-site"}, 403),
        ):
            for method, path in (("POST", "/v1/video"), ("DELETE", job)):
                assert (await app.client.request(method, path, headers=headers)).status_code == status
        assert (await app.client.get(job, headers={"Host": "evil.example.com"})).status_code == 421

    run(scenario)

    async def with_token():
        access = Access(origins=frozenset({"https://app.example"}))
        async with clips(Desk(), tmp_path, token="secret", access=access) as app:
            assert (await app.send()).status_code == 401
            assert (await app.client.get("/v1/jobs/x")).status_code == 401
            bearer = {"Authorization": "Bearer secret"}
            assert (await app.client.get("/v1/jobs/x", headers=bearer)).status_code == 404
            asks = {"Origin": "https://app.example", "Access-Control-Request-Method": "DELETE"}
            preflight = await app.client.options("/v1/jobs/x", headers=asks)
            assert "DELETE" in preflight.headers["access-control-allow-methods"]

    asyncio.run(with_token())


def test_a_server_that_stops_takes_no_clips(run):
    async def scenario(app):
        app.service.draining = True
        assert (await app.send()).json()["code"] == "shutting_down"

    run(scenario)


def test_a_server_without_clips_says_so_and_does_not_list_them():
    client = Client(inline_app(Desk()))
    answer = client.post("/v1/video", files={"clip": ("a.mp4", b"x")})
    assert (answer.status_code, answer.json()["code"]) == (501, "no_video")
    assert "does not work on clips" in answer.json()["message"]
    assert client.get("/v1/tasks").json()["clips"] is None
    described = client.get("/openapi.json").json()["paths"]
    assert {"/v1/video", "/v1/jobs/{job_id}", "/v1/jobs/{job_id}/result"} <= described.keys()
    assert json.dumps(described).count("disk_full") == 0
