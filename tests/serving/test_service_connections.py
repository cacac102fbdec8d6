"""Slow, broken and too large requests, on sockets: the rest of group D, and who leaves or waits."""

import contextlib
import json
import socket
import threading
import time

import pytest

from service_support import stub_server

TIMEOUT = 1.5  # the server's, for what is tested to run into it
JSON = "Content-Type: application/json\r\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """With a queue of two, and patience for a second or so."""
    settings = {"timeout": 60, "queue": 2, "stop": 0.5}
    with stub_server(tmp_path_factory.mktemp("stub"), settings=settings, head=1) as running:
        yield running


@pytest.fixture(scope="module")
def hasty(tmp_path_factory):
    """The server, with a short time for each request."""
    settings = {"timeout": TIMEOUT, "stop": 0.5}
    with stub_server(tmp_path_factory.mktemp("hasty"), settings=settings, head=1) as running:
        yield running


@contextlib.contextmanager
def connected(server):
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
        yield connection


def answer_of(connection) -> tuple[int, str, dict]:
    """Status, head and JSON body of what the server sends until it closes the connection."""
    data = b""
    with contextlib.suppress(ConnectionResetError):
        while part := connection.recv(65536):
            data += part
    head, _, body = data.partition(b"\r\n\r\n")
    return int(head.split()[1]), head.decode(), json.loads(body)


def head_of(path="/v1/stylize", more="", version="1.1", length: int | None = None) -> bytes:
    length_line = "" if length is None else f"Content-Length: {length}\r\n"
    return f"POST {path} HTTP/{version}\r\nHost: localhost\r\n{JSON}{length_line}{more}\r\n".encode()


def is_alive(server) -> bool:
    return server.send(do={})[0] == 200


def in_background(server, number: int, **do) -> list:
    """Start so many requests at once; their answers are appended to the list as they come."""
    answers = []
    for _ in range(number):
        threading.Thread(target=lambda: answers.append(server.send(do=do)), daemon=True).start()
    return answers


def test_a_body_of_200_mb_is_refused_before_it_is_read(server):
    with connected(server) as connection:
        connection.sendall(head_of("/v1/fuse", length=200_000_000))
        status = connection.recv(65536)
        assert status.startswith(b"HTTP/1.1 413")
    assert is_alive(server)


def test_who_reads_only_after_all_is_sent_learns_that_it_was_too_much(tmp_path):
    with stub_server(tmp_path) as patient:  # sending so much may take a loaded machine seconds
        headers = {"Content-Type": "application/json"}
        status, _, body = patient.send("/v1/fuse", body=b"x" * 100_500_000, headers=headers)
        assert status == 413 and json.loads(body)["code"] == "too_large"
        assert is_alive(patient)


def test_who_asks_first_whether_to_send_is_told_not_to(server):
    with connected(server) as connection:
        connection.sendall(head_of(more="Expect: 100-continue\r\n", length=200_000_000))
        assert connection.recv(65536).startswith(b"HTTP/1.1 413")
    with connected(server) as connection:
        connection.sendall(head_of(more="Expect: 100-continue\r\nConnection: close\r\n", length=2))
        assert connection.recv(65536).startswith(b"HTTP/1.1 100")
        connection.sendall(b"{}")
        assert answer_of(connection)[0] == 200


@pytest.mark.parametrize(
    ("path", "megabytes"), [("/v1/stylize", 28), ("/v1/fuse", 101), ("/invocations", 101)]
)
def test_a_body_without_length_is_counted_as_it_comes(server, path, megabytes):
    with connected(server) as connection:
        connection.sendall(head_of(path, "Transfer-Encoding: chunked\r\nConnection: close\r\n"))
        chunk = b"%x\r\n" % 1_000_000 + b"x" * 1_000_000 + b"\r\n"
        with contextlib.suppress(ConnectionError):
            for _ in range(megabytes):
                connection.sendall(chunk)
            connection.sendall(b"0\r\n\r\n")
        status, _, body = answer_of(connection)
        assert (status, body["code"]) == (413, "too_large")
    assert is_alive(server)


def test_a_chunked_body_that_is_small_enough_is_answered(server):
    with connected(server) as connection:
        connection.sendall(head_of(more="Transfer-Encoding: chunked\r\nConnection: close\r\n"))
        for part in (b"{", b"}"):
            connection.sendall(b"1\r\n" + part + b"\r\n")
            time.sleep(0.05)
        connection.sendall(b"0\r\n\r\n")
        status, _, body = answer_of(connection)
        assert (status, body["bytes"]) == (200, 2)


def test_a_slow_body_ends_in_408(hasty):
    with connected(hasty) as connection:
        connection.sendall(head_of(length=1000))
        sender = threading.Thread(target=drip, args=(connection, b"{" * 1000), daemon=True)
        sender.start()
        started = time.monotonic()
        status, head, body = answer_of(connection)
    assert (status, body["code"], body["field"]) == (408, "slow_body", "body")
    assert "connection: close" in head.lower()
    assert time.monotonic() - started < 30  # and not the 100 seconds that the body takes
    assert is_alive(hasty)


def test_a_body_that_never_comes_ends_in_408(hasty):
    with connected(hasty) as connection:
        connection.sendall(head_of(length=1000))
        assert answer_of(connection)[0] == 408


def test_a_slow_head_ends_in_408_and_a_silent_connection_is_closed(server):
    with connected(server) as connection, connected(server) as silent:
        threading.Thread(target=drip, args=(connection, head_of(length=2)), daemon=True).start()
        status, _, body = answer_of(connection)
        assert (status, body["code"]) == (408, "slow_head")
        assert silent.recv(10) == b""
    assert is_alive(server)


def test_the_rest_of_a_refused_body_is_not_waited_for(server):
    with connected(server) as connection:
        connection.sendall(head_of("/v1/fuse", length=200_000_000))
        assert connection.recv(65536).startswith(b"HTTP/1.1 413")
        assert drip(connection, b"x" * 1000) < 500
    assert is_alive(server)


def drip(connection, data: bytes) -> int:
    """Send a byte each tenth of a second, until the other side has had enough; how many went."""
    for n in range(len(data)):
        try:
            connection.sendall(data[n : n + 1])
        except OSError:
            return n
        time.sleep(0.1)
    return len(data)


def test_a_socket_closed_in_the_midst_of_a_body_costs_nothing(server):
    for leave in (lambda c: c.shutdown(socket.SHUT_WR), lambda c: c.close()):
        with connected(server) as connection:
            connection.sendall(head_of(length=1000) + b"{")
            leave(connection)
    assert is_alive(server)
    server.wait_for(lambda: server.metric("stylefuse_requests_in_flight") == 0)


def test_a_half_closed_socket_counts_as_left(server):
    """TCP does not tell who has only finished sending from who has gone; asyncio closes for both."""
    before = server.metric('stylefuse_refused_total{reason="client_left"}')
    with connected(server) as connection:
        body = json.dumps({"do": "sleep", "seconds": 60}).encode()
        connection.sendall(head_of(length=len(body)) + body)
        server.wait_for(lambda: server.metric("stylefuse_working") == 1)
        connection.shutdown(socket.SHUT_WR)
        server.wait_for(lambda: server.metric("stylefuse_working") == 0, 30)
    assert server.metric('stylefuse_refused_total{reason="client_left"}') == before + 1
    assert is_alive(server)


def test_http_1_0_is_answered_and_closed(server):
    with connected(server) as connection:
        connection.sendall(head_of(version="1.0", length=2) + b"{}")
        status, head, body = answer_of(connection)
    assert (status, body["bytes"]) == (200, 2) and "connection: close" in head.lower()


@pytest.mark.parametrize(
    "sent",
    [
        b"hello\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\r\n\r\n",  # TLS
        b"POST /v1/stylize HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        b"POST /v1/stylize HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"POST /v1/stylize HTTP/1.1\r\nHost: localhost\r\nX: " + b"y" * 200_000 + b"\r\n\r\n",
        b"POST /v1/stylize HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip\r\n\r\n",
    ],
    ids=["no HTTP", "TLS", "length below zero", "two lengths", "endless head", "unknown coding"],
)
def test_what_is_no_http_is_refused(server, sent):
    with connected(server) as connection:
        with contextlib.suppress(ConnectionError):
            connection.sendall(sent)
        status, _, body = answer_of(connection)
    assert status in (400, 501) and body["code"] == "bad_http"
    assert is_alive(server)


def test_a_client_that_leaves_frees_its_worker(server):
    pid = json.loads(server.send(do={})[2])["pid"]
    restarts = server.metric("stylefuse_worker_restarts")
    with connected(server) as connection:
        body = json.dumps({"do": "sleep", "seconds": 300}).encode()
        connection.sendall(head_of(length=len(body)) + body)
        server.wait_for(lambda: server.metric("stylefuse_working") == 1)
    assert json.loads(server.send(do={})[2])["pid"] == pid  # answered by the same worker
    assert server.metric("stylefuse_worker_restarts") == restarts


def test_work_that_takes_too_long_is_given_up(hasty):
    pid = json.loads(hasty.send(do={})[2])["pid"]
    status, _, body = hasty.send(do={"do": "sleep", "seconds": 300})
    assert (status, json.loads(body)["code"]) == (504, "timeout")
    assert json.loads(hasty.send(do={})[2])["pid"] == pid
    # Deaf work is ended for sure, by ending its worker.
    assert hasty.send(do={"do": "hang", "seconds": 300})[0] == 504
    hasty.wait_for(lambda: hasty.metric("stylefuse_worker_restarts") == 1)
    hasty.wait_for(hasty.is_ready)
    assert json.loads(hasty.send(do={})[2])["pid"] != pid


def test_a_worker_that_dies_fails_its_request_alone(server):
    status, _, body = server.send(do={"do": "die"})
    assert (status, json.loads(body)["code"]) == (500, "worker_died")
    server.wait_for(server.is_ready)
    assert is_alive(server) and server.get("/live") == 200


def test_a_full_queue_refuses_at_once_and_serves_what_waits(server):
    answers = in_background(server, 1, do="sleep", seconds=2)
    server.wait_for(lambda: server.metric("stylefuse_working") == 1)
    answers_too = in_background(server, 2)
    server.wait_for(lambda: server.metric("stylefuse_queue_depth") == 2)
    for path in ("/v1/stylize", "/invocations"):
        status, headers, body = server.send(path, do={})
        assert (status, json.loads(body)["code"]) == (503, "busy")
        assert int(headers["Retry-After"]) >= 1
    assert server.metric("stylefuse_working") == 1  # refused while the others wait, not after them
    server.wait_for(lambda: len(answers + answers_too) == 3)
    assert {status for status, *_ in answers + answers_too} == {200}


def test_bodies_held_for_slow_senders_are_bounded_together(tmp_path):
    with stub_server(tmp_path, settings={"held_bytes": 3_000_000}) as server, contextlib.ExitStack() as stack:
        for _ in range(2):
            connection = stack.enter_context(connected(server))
            connection.sendall(head_of(length=1_400_001) + b"x" * 1_400_000)
        server.wait_for(lambda: server.metric("stylefuse_requests_in_flight") == 2)
        time.sleep(0.2)  # until what was sent has been read
        status, _, body = server.send(body=b"x" * 1_400_000, headers={"Content-Type": "application/json"})
        assert (status, json.loads(body)["code"]) == (503, "busy")
        assert is_alive(server)


def test_an_answer_of_many_megabytes_comes_whole(server):
    status, _, body = server.send(do={"size": 40_000_000})
    assert status == 200 and len(body) > 40_000_000
