"""Clips at a running server: what is left after it stops or is killed, readers that stall, and pictures meanwhile."""

import contextlib
import json
import os
import signal
import socket
import time
from pathlib import Path

import pytest
from clip_jobs import clip, is_running

from service_support import stub_server
from stylefuse.serving.service.clips.folder import ClipFolder, sweep

BOUNDARY = "clip-form"


@pytest.fixture(scope="module")
def temporary(tmp_path_factory):
    """The folder for temporary files of the server that most tests ask."""
    return tmp_path_factory.mktemp("temporary")


@pytest.fixture(scope="module")
def server(tmp_path_factory, temporary):
    """One that gives readers up who stall for 0.3 s."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(temporary))
        with stub_server(tmp_path_factory.mktemp("stub"), fetch=0.3) as running:
            yield running


def start_clip(server, **told) -> str:
    name, data = clip(**told)
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="clip"; filename="{name}"\r\n\r\n'
    body = head.encode() + data + f"\r\n--{BOUNDARY}--\r\n".encode()
    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    status, _, answer = server.send("/v1/video", body=body, headers=headers)
    assert status == 202, answer
    return f"/v1/jobs/{json.loads(answer)['id']}"


def told(server, job: str) -> dict:
    return json.loads(server.send(job, method="GET")[2])


def pid_of_clip(server, folder) -> int:
    (file,) = server.wait_for(lambda: [*folder.glob("stylefuse-clips-*/*/pid")])
    server.wait_for(file.read_text)
    return int(file.read_text())


def open_results(server) -> list[Path]:
    """Handles of the server's process to results, removed ones too."""
    found = []
    for handle in Path(f"/proc/{server.process.pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed meanwhile
            found += [handle] if "result" in str(handle.readlink()) else []
    return found


def wait_until_gone(pid: int) -> None:
    until = time.monotonic() + 10
    while is_running(pid):
        assert time.monotonic() < until
        time.sleep(0.02)


def test_pictures_are_answered_while_a_clip_is_worked_on(server, temporary):
    job = start_clip(server, frames=10_000, pause=0.01)
    pid = pid_of_clip(server, temporary)
    assert os.getpriority(os.PRIO_PROCESS, pid) == 19
    for _ in range(3):
        assert server.send(do={})[0] == 200
    assert told(server, job)["state"] == "working"
    assert server.send(job, method="DELETE")[0] == 204
    assert not is_running(pid)


def test_a_slow_reader_does_not_keep_a_removed_result_on_the_disk(server):
    job = start_clip(server, frames=1, size=60_000)  # 15 MB
    server.wait_for(lambda: told(server, job)["state"] == "done")
    with socket.create_connection(("127.0.0.1", server.port)) as reader:
        reader.sendall(f"GET {job}/result HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        assert reader.recv(4096).startswith(b"HTTP/1.1 200")
        assert server.send(job, method="DELETE")[0] == 204
        got = 4096
        with contextlib.suppress(ConnectionResetError):
            while part := reader.recv(65536):
                got += len(part)
        assert got < 15_000_000
    server.wait_for(lambda: not open_results(server), 10)


def test_a_reader_who_stalls_is_given_up(server):
    job = start_clip(server, frames=1, size=120_000)  # 30 MB, more than a socket holds
    server.wait_for(lambda: told(server, job)["state"] == "done")
    with socket.create_connection(("127.0.0.1", server.port)) as reader:
        reader.sendall(f"GET {job}/result HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        assert reader.recv(4096).startswith(b"HTTP/1.1 200")
        server.wait_for(lambda: not open_results(server), 10)
    assert server.send(f"{job}/result", method="GET")[2][:3] == bytes((0, 1, 2))
    assert server.send(job, method="DELETE")[0] == 204


def test_who_leaves_while_sending_leaves_nothing(server, temporary):
    with socket.create_connection(("127.0.0.1", server.port)) as sender:
        kind = f"multipart/form-data; boundary={BOUNDARY}"
        head = f"Host: localhost\r\nContent-Type: {kind}\r\nContent-Length: 900000"
        part = 'Content-Disposition: form-data; name="clip"; filename="a.mp4"'
        sender.sendall(f"POST /v1/video HTTP/1.1\r\n{head}\r\n\r\n--{BOUNDARY}\r\n{part}\r\n\r\n".encode())
        sender.sendall(b"x" * 300_000)
        server.wait_for(lambda: server.metric("stylefuse_clips_bytes") > 200_000)
        assert server.metric('stylefuse_clips{state="sending"}') == 1
    server.wait_for(lambda: server.metric("stylefuse_clips_bytes") == 0)
    # The job is forgotten first, then its files are removed.
    server.wait_for(lambda: [*temporary.glob("*/*")] == [])


def test_neither_a_killed_server_nor_one_that_stops_leaves_clips_or_processes(tmp_path, monkeypatch):
    """What a killed one leaves is removed by the next, which keeps its own when a further one starts."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    with stub_server(tmp_path) as server:
        start_clip(server, frames=10_000, pause=0.01)
        pid = pid_of_clip(server, temporary)
        (folder,) = [path for path in temporary.iterdir() if path.is_dir()]
        server.process.kill()
        server.process.wait()
        wait_until_gone(pid)
        assert folder.is_dir()
    with stub_server(tmp_path) as server:
        assert not folder.exists()
        start_clip(server, frames=10_000, pause=0.01)
        pid = pid_of_clip(server, temporary)
        (folder,) = [path for path in temporary.iterdir() if path.is_dir()]
        ClipFolder(temporary).close()
        assert folder.is_dir()
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(20) == 0
    assert not is_running(pid) and [*temporary.iterdir()] == []


def test_folders_of_others_and_links_are_left_alone(tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "kept").touch()
    parent = tmp_path / "parent"
    parent.mkdir()
    (parent / "stylefuse-clips-link").symlink_to(elsewhere)
    (parent / "stylefuse-clips-link.lock").touch()
    (parent / "stylefuse-clips-unlocked").mkdir()  # without a lock file it is none of ours
    mine = ClipFolder(parent)
    sweep(parent)
    assert (
        mine.path.is_dir()
        and (elsewhere / "kept").exists()
        and (parent / "stylefuse-clips-unlocked").is_dir()
    )
    mine.close()
    assert not mine.path.exists() and len([*parent.iterdir()]) == 3
