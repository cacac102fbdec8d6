"""`stylefuse serve` end to end: group D against a real worker, and the faults of group F that need processes."""

import hashlib
import http.client
import json
import resource
import shutil
import signal
import sqlite3
import subprocess
import threading
import time
from pathlib import Path

import mlflow
import psutil
import pytest
from PIL import Image
from protocol_cases import FORM_TYPE, cases, form

from service_support import Running, real_server, start, stub_server
from serving_examples import assert_clean, bad_requests, bytes_of, half_sharp, landscape, picture
from stylefuse.networks.weights import Weights, read_weights, write_weights

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def registry(model_folder, tmp_path_factory):
    """A folder with a database in which the model is the champion."""
    folder = tmp_path_factory.mktemp("registry")
    with pytest.MonkeyPatch.context() as patch:
        mlflow.set_tracking_uri(None)  # this also unsets the variable where a test before left a URI
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{folder}/mlflow.db")
        register(folder, model_folder, "1")
    return folder


def register(folder, model, version):
    client = mlflow.MlflowClient(f"sqlite:///{folder}/mlflow.db", f"sqlite:///{folder}/mlflow.db")
    if version == "1":
        client.create_registered_model("stylefuse")
    client.create_model_version("stylefuse", model.as_uri())
    client.set_registered_model_alias("stylefuse", "champion", version)


@pytest.fixture(scope="module")
def server(registry):
    """The champion, served as a user would who starts it in the project's folder."""
    env = {"MLFLOW_TRACKING_URI": "", "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false"}
    with real_server(registry, env=env) as running:
        yield running


def stylize(server, image, **headers):
    headers = {"Content-Type": FORM_TYPE, **headers}
    return server.send(body=form(("image", bytes_of(image), "p.png"), ("style", "ink")), headers=headers)


def fuse(server, images):
    files = [("images", bytes_of(image), "p.png") for image in images]
    return server.send("/v1/fuse", body=form(*files), headers={"Content-Type": FORM_TYPE})


def worker_of(server) -> psutil.Process:
    children = psutil.Process(server.process.pid).children()
    (worker,) = [child for child in children if "stylefuse.serving.service.worker" in child.cmdline()]
    return worker


def is_gone(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in cases()])
def test_protocol(server, case):
    status, headers, text = server.send(case.path, method=case.method, body=case.body, headers=case.headers)
    assert status == case.status, text[:300]
    if status != 200 and case.method != "HEAD":
        body = json.loads(text)
        assert (body["code"], body["field"]) == (case.code, case.field)
        assert body["request_id"] == headers["X-Request-ID"]
        assert_clean(text.decode())


@pytest.mark.parametrize(("body", "field", "words"), bad_requests())
def test_invocations_refuse_by_name(server, body, field, words):
    headers = {"Content-Type": "application/json"}
    status, _, text = server.send("/invocations", body=json.dumps(body), headers=headers)
    assert status == 400
    assert json.loads(text)["field"] == field and words in json.loads(text)["message"]
    assert_clean(text.decode())


def test_a_registered_champion_is_served_and_alive_after_all_that(server):
    status, headers, body = stylize(server, picture(640, 427))
    assert (status, headers["X-Model-Version"], body[:4]) == (200, "1", b"\x89PNG")
    assert fuse(server, half_sharp(landscape()))[0] == 200
    assert server.metric("stylefuse_worker_restarts") == 0
    assert server.metric('stylefuse_model_info{version="1"}') == 1
    assert server.metric("stylefuse_worker_process_resident_memory_bytes") > 1e8


def test_two_servers_on_one_port(server, registry, tmp_path):
    process, log = start(tmp_path, "--port", str(server.port), "--model", f"{registry}")
    assert process.wait(60) == 1
    assert f"port {server.port} at 127.0.0.1 cannot be used" in log.read_text()
    assert stylize(server, picture())[0] == 200


def test_a_killed_worker_is_back_in_seconds_and_the_server_never_away(server):
    worker = worker_of(server)
    answers = []
    slow = threading.Thread(
        target=lambda: answers.append(stylize(server, Image.effect_noise((3000, 3000), 90)))
    )
    slow.start()
    server.wait_for(lambda: server.metric("stylefuse_working") == 1)
    worker.kill()
    server.wait_for(lambda: server.get("/ready") == 503)
    assert server.get("/live") == 200
    slow.join()
    assert answers[0][0] == 500 and json.loads(answers[0][2])["code"] == "worker_died"
    server.wait_for(server.is_ready)
    assert stylize(server, picture())[0] == 200 and worker_of(server).pid != worker.pid


@pytest.mark.parametrize("work", ["restyling", "fusing in strips"])
def test_a_client_that_leaves_frees_its_worker(server, work):
    """How soon is measured by `python -m benchmarks.serving`."""
    large = bytes_of(Image.effect_noise((3600, 2700), 90), "JPEG")
    files = [("image", large, "p.jpg")] if work == "restyling" else [("images", large, "p.jpg")] * 6
    path = "/v1/stylize" if work == "restyling" else "/v1/fuse"
    before = server.metric('stylefuse_refused_total{reason="client_left"}')
    connection = server.connection()
    connection.request("POST", path, form(*files), {"Content-Type": FORM_TYPE})
    server.wait_for(lambda: server.metric("stylefuse_working") == 1)
    time.sleep(0.3)
    connection.close()
    server.wait_for(lambda: server.metric("stylefuse_working") == 0, 20)
    assert server.metric('stylefuse_refused_total{reason="client_left"}') == before + 1
    server.wait_for(server.is_ready)
    assert stylize(server, picture())[0] == 200


def test_another_champion_takes_over_without_a_dropped_request(registry, model_folder, tmp_path):
    with real_server(registry, env={"MLFLOW_TRACKING_URI": ""}) as server:
        before = stylize(server, picture())
        assert before[0] == 200 and before[1]["X-Model-Version"] == "1"
        other = shutil.copytree(model_folder, tmp_path / "model")
        file = other / "artifacts" / "generator.safetensors"
        digest, stored = hashlib.sha256(file.read_bytes()).hexdigest(), read_weights(file)
        write_weights(file, Weights({n: 0.5 * t for n, t in stored.tensors.items()}, stored.facts))
        register(registry, other, "2")
        statuses, done = [], threading.Event()

        def ask():
            while not done.is_set():
                statuses.append(stylize(server, picture())[:2])

        asking = [threading.Thread(target=ask) for _ in range(3)]
        for thread in asking:
            thread.start()
        # Its checksum is that of another file: the old one stays.
        server.process.send_signal(signal.SIGHUP)
        server.wait_for(lambda: "sha256 differs" in server.log.read_text())
        assert stylize(server, picture())[1]["X-Model-Version"] == "1"
        description = other / "MLmodel"
        new = hashlib.sha256(file.read_bytes()).hexdigest()
        description.write_text(description.read_text().replace(digest, new))
        # A locked database: the same.
        with sqlite3.connect(registry / "mlflow.db") as lock:
            lock.execute("BEGIN EXCLUSIVE")
            server.process.send_signal(signal.SIGHUP)
            server.wait_for(lambda: "locked" in server.log.read_text(), 150)
            assert stylize(server, picture())[0] == 200
            lock.rollback()
        server.process.send_signal(signal.SIGHUP)
        server.wait_for(lambda: server.metric('stylefuse_model_info{version="2"}') == 1)
        time.sleep(0.5)
        done.set()
        for thread in asking:
            thread.join()
        assert {status for status, _ in statuses} == {200}
        assert {headers["X-Model-Version"] for _, headers in statuses} == {"1", "2"}
        after = stylize(server, picture())
        assert after[1]["X-Model-Version"] == "2" and after[2] != before[2]
        assert len(psutil.Process(server.process.pid).children()) == 1  # the old worker is gone


def test_sigterm_with_three_in_flight(tmp_path):
    with stub_server(tmp_path, settings={"workers": 2}) as server:
        answers = []
        for _ in range(3):  # two in work, one waiting
            do = {"do": "sleep", "seconds": 1.5}
            threading.Thread(target=lambda do=do: answers.append(server.send(do=do)), daemon=True).start()
        server.wait_for(lambda: server.metric("stylefuse_requests_in_flight") == 3)
        workers = psutil.Process(server.process.pid).children()
        for process in (server.process, *workers):  # systemd tells them all
            process.send_signal(signal.SIGTERM)
        server.wait_for(lambda: server.get("/ready") == 503)
        status, headers, body = server.send(do={})
        assert (status, json.loads(body)["code"]) == (503, "shutting_down") and "Retry-After" in headers
        assert server.get("/live") == 200
        assert server.process.wait(30) == 0
        assert [status for status, *_ in answers] == [200] * 3
        assert not any(psutil.pid_exists(worker.pid) for worker in workers)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stopping_without_sighup_finishes_what_is_in_work_as_well(tmp_path, number):
    """Windows has no SIGHUP, and its loops take no signals."""
    with stub_server(tmp_path, without_sighup=True) as server:
        answers = []
        do = {"do": "sleep", "seconds": 3}
        threading.Thread(target=lambda: answers.append(server.send(do=do)), daemon=True).start()
        server.wait_for(lambda: server.metric("stylefuse_working") == 1)
        server.process.send_signal(number)
        server.wait_for(lambda: server.get("/ready") == 503)
        assert server.process.wait(30) == 0
        assert [status for status, *_ in answers] == [200]


def test_sigterm_with_work_that_does_not_end(tmp_path):
    with stub_server(tmp_path, settings={"drain": 0.5}) as server:
        answers = []
        for _ in range(3):
            do = {"do": "hang", "seconds": 300}
            threading.Thread(target=lambda do=do: answers.append(server.send(do=do)), daemon=True).start()
        server.wait_for(lambda: server.metric("stylefuse_requests_in_flight") == 3)
        server.process.terminate()
        assert server.process.wait(30) == 0
        assert {(status, json.loads(body)["code"]) for status, _, body in answers} == {(503, "shutting_down")}


def test_sigterm_of_the_real_thing(model_folder, tmp_path):
    with real_server(tmp_path, "--model", str(model_folder)) as server:
        worker, answers = worker_of(server), []
        for _ in range(3):
            image = Image.effect_noise((900, 900), 90)
            threading.Thread(
                target=lambda image=image: answers.append(stylize(server, image)), daemon=True
            ).start()
        server.wait_for(lambda: server.metric("stylefuse_requests_in_flight") == 3)
        server.process.terminate()
        assert server.process.wait(30) == 0
        assert [status for status, *_ in answers] == [200] * 3
        assert is_gone(worker)


def test_kill_9_and_a_new_server_on_the_same_port(model_folder, tmp_path):
    with real_server(tmp_path, "--model", str(model_folder)) as server:
        worker = worker_of(server)
        connection = server.connection()
        body = form(("image", bytes_of(Image.effect_noise((3000, 3000), 90)), "p.png"))
        connection.request("POST", "/v1/stylize", body, {"Content-Type": FORM_TYPE})
        server.wait_for(lambda: server.metric("stylefuse_working") == 1)
        server.process.kill()
        server.process.wait()
        with pytest.raises((http.client.HTTPException, OSError)):
            connection.getresponse()
        # It does not outlive its server, not even in the midst of work.
        for _ in range(200):
            if is_gone(worker):
                break
            time.sleep(0.05)
        assert is_gone(worker)
        process, log = start(tmp_path, "--model", str(model_folder), "--port", str(server.port))
        again = Running(process, server.port, log)
        try:
            again.wait_for(again.is_ready)
            assert stylize(again, picture())[0] == 200
        finally:
            process.kill()
            process.wait()


def no_writing() -> None:
    """What a full disk does: nothing can be written to any file, in this process and those that it starts."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def test_a_full_disk_and_folders_that_cannot_be_written(model_folder, tmp_path):
    read_only, elsewhere = tmp_path / "read_only", tmp_path / "elsewhere"
    for folder in (read_only, elsewhere):
        folder.mkdir()
    with Path("/dev/full").open("w") as full:  # the log's disk is full, too
        command = ["--model", str(model_folder), "--port", "0"]
        env = {"TMPDIR": str(elsewhere), "PYTHONDONTWRITEBYTECODE": "1"}
        read_only.chmod(0o500)
        process, _ = start(
            tmp_path, *command, env=env, cwd=read_only, stdout=full, stderr=full, preexec_fn=no_writing
        )
    try:
        server = Running(process, 0)
        server.port = server.wait_for(lambda: listening(process.pid), 180)
        server.wait_for(server.is_ready)
        assert stylize(server, Image.effect_noise((1500, 1500), 90))[0] == 200
        assert fuse(server, [landscape(900, 700, seed) for seed in range(8)])[0] == 200
        assert stylize(server, Image.new("RGB", (9000, 9000)))[0] == 413
        assert list(read_only.iterdir()) == list(elsewhere.iterdir()) == []
    finally:
        process.kill()
        process.wait()


def listening(pid: int) -> int | None:
    connections = psutil.Process(pid).net_connections()
    return next((each.laddr.port for each in connections if each.status == psutil.CONN_LISTEN), None)


def test_a_registered_model_that_cannot_be_copied_is_said(registry, tmp_path):
    options = {"preexec_fn": no_writing, "stderr": subprocess.PIPE, "text": True}
    database = {"MLFLOW_TRACKING_URI": f"sqlite:///{registry}/mlflow.db"}
    process, _ = start(tmp_path, "--port", "0", env=database, **options)
    _, errors = process.communicate(timeout=150)
    assert process.returncode == 1
    assert errors.splitlines()[-1].startswith("stylefuse serve: ") and "Traceback" not in errors


def test_a_worker_that_runs_out_of_memory_says_so_and_goes_on(model_folder, tmp_path):
    with real_server(tmp_path, "--model", str(model_folder)) as server:
        worker = worker_of(server)
        assert stylize(server, picture())[0] == 200
        # What it has now, and enough to decode the picture, but not to restyle it.
        limit = worker.memory_info().vms + 260_000_000
        resource.prlimit(worker.pid, resource.RLIMIT_AS, (limit, limit))
        status, _, body = stylize(server, Image.linear_gradient("L").resize((5000, 5000)))
        assert (status, json.loads(body)["code"]) == (503, "out_of_memory")
        assert_clean(body.decode())
        assert stylize(server, picture())[0] == 200 and worker_of(server).pid == worker.pid


@pytest.mark.parametrize("fault", ["missing", "truncated", "changed", "of another model", "another version"])
def test_a_model_that_is_not_as_it_was_registered_is_not_served(model_folder, tmp_path, fault):
    folder = shutil.copytree(model_folder, tmp_path / "model")
    file, description = folder / "artifacts" / "generator.safetensors", folder / "MLmodel"
    if fault == "missing":
        file.unlink()
    elif fault == "truncated":
        file.write_bytes(file.read_bytes()[:-100])
    elif fault == "changed":
        file.write_bytes(file.read_bytes()[:-1] + b"\x01")
    elif fault == "of another model":
        stored = read_weights(file)
        write_weights(
            file, Weights({name: 2 * tensor for name, tensor in stored.tensors.items()}, stored.facts)
        )
    else:
        description.write_text(description.read_text().replace("format: 1", "format: 2"))
    process, log = start(tmp_path, "--model", str(folder), "--port", "0")
    assert process.wait(120) == 1
    words = {
        "missing": "cannot be read",
        "truncated": "damaged",
        "changed": "does not match its checksum",
        "of another model": "sha256 differs",
        "another version": "of format 2",
    }
    text = log.read_text()
    assert text.splitlines()[-1].startswith("stylefuse serve: ") and words[fault] in text
    assert "Traceback" not in text


def test_a_token_keeps_the_answers_in(model_folder, tmp_path):
    with real_server(tmp_path, "--model", str(model_folder), env={"STYLEFUSE_TOKEN": "s-1"}) as server:
        assert stylize(server, picture())[0] == 401
        assert stylize(server, picture(), Authorization="Bearer s-1")[0] == 200
        assert server.get("/metrics") == 401
