"""Who may ask `stylefuse serve`: under which names, and from which pages."""

import contextlib
import json
import socket

import pytest

from service_support import Client, inline_app, stub_server
from serving_examples import assert_clean, bytes_of, encoded, picture
from stylefuse.command_line import main
from stylefuse.serving.bundle import read_model
from stylefuse.serving.service.access import Access
from stylefuse.serving.service.command import CannotStart, read_access
from stylefuse.serving.service.request_handler import RequestHandler

APP = "https://app.example"
GUARDED = ("/v1/styles", "/metrics", "/openapi.json", "/nowhere")


@pytest.fixture(scope="module")
def desk(model_folder):
    return RequestHandler(read_model(model_folder))


@pytest.fixture(scope="module")
def client(desk):
    return Client(inline_app(desk))


@pytest.fixture(scope="module")
def open_to_app(desk):
    """A server that allows the pages of one site, and wants a token."""
    return Client(inline_app(desk, "secret", Access(origins=frozenset({APP}))))


def asked(client, **headers):
    """The answer to the same request as from `curl -F image=@photo.png`, with these headers."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.post("/v1/stylize", files={"image": ("p.png", bytes_of(picture()))}, headers=sent)


def assert_refused(answer, status, field, words):
    assert answer.status_code == status, answer.text[:300]
    body = answer.json()
    assert body.keys() == {"code", "message", "field", "request_id"}
    assert (body["field"], body["request_id"]) == (field, answer.headers["x-request-id"])
    assert body["message"].startswith(f"{field}: ") and words in body["message"]
    assert not any(name.startswith("access-control") for name in answer.headers)
    assert_clean(answer.text)


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "localhost:8080",
        "LocalHost",
        "localhost.",
        "localhost.:8080",
        "127.0.0.1",
        "127.0.0.1:9",
        "127.8.8.8:8080",
        "[::1]",
        "[::1]:8080",
    ],
)
def test_this_machine_is_asked_under_its_own_names(client, host):
    assert asked(client, Host=host).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example.com",
        "evil.example.com:8080",
        "localhost.evil.example.com",
        "evil-localhost",
        "127.0.0.1.evil.example.com",
        "192.168.1.5:8080",
        "[2001:db8::1]:8080",
        "localhost@evil.example.com",
        "localhost:8080:80",
        "localhost:http",
        "localhost, evil.example.com",
        "",
        ".",
        "[::1",
    ],
)
def test_a_name_that_points_here_from_elsewhere_is_refused(client, host):
    """A page of evil.example.com whose name now points to this machine: its own requests bear no Origin."""
    assert_refused(asked(client, Host=host), 421, "Host", "--allow-host")
    for path in GUARDED:
        assert_refused(client.get(path, headers={"Host": host}), 421, "Host", "--allow-host")
    body = {"inputs": [encoded(picture())]}
    answer = client.post("/invocations", json=body, headers={"Host": host})
    assert_refused(answer, 421, "Host", "--allow-host")


@pytest.mark.parametrize(
    "origin", ["http://evil.example.com", "null", "", "http://localhost:3000", "localhost", APP]
)
def test_a_form_posted_by_another_page_is_refused(client, origin):
    """Without the answer to read, it would still have the machine work."""
    assert_refused(asked(client, Host="localhost:8080", Origin=origin), 403, "Origin", "--allow-origin")
    for path in GUARDED:
        assert_refused(client.get(path, headers={"Origin": origin}), 403, "Origin", "--allow-origin")


@pytest.mark.parametrize("site", ["cross-site", "same-site", "anything"])
def test_a_page_without_origin_is_known_by_sec_fetch_site(client, site):
    answer = asked(client, Sec_Fetch_Site=site)
    assert_refused(answer, 403, "Sec-Fetch-Site", "--allow-origin")
    answer = client.request("DELETE", "/v1/styles", headers={"Sec-Fetch-Site": site})
    assert_refused(answer, 403, "Sec-Fetch-Site", "--allow-origin")


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_link_of_another_page_is_followed(client, open_to_app, site):
    """Browsers send no Origin with it, also where the page is one of an allowed site."""
    headers = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "navigate", "Authorization": "Bearer secret"}
    for each in (client, open_to_app):
        for path in ("/v1/styles", "/metrics", "/openapi.json"):
            answer = each.get(path, headers=headers)
            assert answer.status_code == 200
            assert "access-control-allow-origin" not in answer.headers  # no page reads it
    assert_refused(
        client.get("/v1/styles", headers={**headers, "Host": "evil.example.com"}),
        421,
        "Host",
        "--allow-host",
    )
    assert_refused(
        client.get("/v1/styles", headers={**headers, "Origin": "http://evil.example.com"}),
        403,
        "Origin",
        "--allow-origin",
    )


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_json_disguised_as_what_a_form_may_send_is_not_read(client, kind):
    """These need no preflight; an old browser may leave out Origin, too."""
    body = json.dumps({"inputs": [encoded(picture())]})
    answer = client.post("/invocations", content=body, headers={"Content-Type": kind})
    assert answer.status_code == 415


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "localhost:8080", "Origin": "http://localhost:8080"},
        {"Host": "LOCALHOST:8080", "Origin": "http://localhost:8080", "Sec-Fetch-Site": "same-origin"},
        {"Host": "localhost", "Origin": "https://localhost"},  # behind a proxy that adds TLS
        {"Host": "localhost:80", "Origin": "http://localhost"},
        {"Host": "[::1]:8080", "Origin": "http://[::1]:8080"},
        {"Sec-Fetch-Site": "none"},  # typed by the user
    ],
)
def test_a_page_of_the_server_s_own_origin_may_ask(client, headers):
    assert client.get("/v1/styles", headers=headers).status_code == 200


def test_whether_the_server_is_well_anyone_may_ask(client):
    """A load balancer asks by address; the answer tells nothing else."""
    for path in ("/live", "/ready"):
        for headers in ({"Host": "10.0.0.7:8080"}, {"Origin": "http://evil.example.com"}):
            answer = client.get(path, headers=headers)
            assert answer.status_code == 200 and "access-control-allow-origin" not in answer.headers


def preflight(client, origin=APP, path="/v1/stylize", **more):
    asks = {
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type",
    }
    return client.request("OPTIONS", path, headers={"Origin": origin, **asks, **more})


@pytest.mark.parametrize("path", ["/v1/stylize", "/v1/fuse", "/invocations", "/v1/styles"])
def test_a_preflight_of_an_allowed_site_is_answered_without_the_token(open_to_app, path):
    answer = preflight(open_to_app, path=path)
    assert (answer.status_code, answer.content) == (204, b"")
    told = answer.headers
    assert (told["access-control-allow-origin"], told["vary"]) == (APP, "Origin")
    assert {"GET", "POST"} <= set(told["access-control-allow-methods"].split(", "))
    headers = told["access-control-allow-headers"].lower().split(", ")
    assert {"authorization", "content-type", "x-request-id"} <= set(headers)
    assert int(told["access-control-max-age"]) > 0
    assert "access-control-allow-credentials" not in told  # the token is no cookie


def test_a_page_of_an_allowed_site_reads_answers_and_refusals(open_to_app):
    headers = {"Origin": APP, "Sec_Fetch_Site": "cross-site"}
    for answer in (
        asked(open_to_app, **headers, Authorization="Bearer secret"),
        asked(open_to_app, **headers),
    ):
        told = answer.headers
        assert (told["access-control-allow-origin"], told["vary"]) == (APP, "Origin")
        exposed = set(told["access-control-expose-headers"].lower().split(", "))
        of_clips = {"content-disposition", "content-range", "location"}
        assert exposed == {"x-report", "x-model-version", "x-request-id"} | of_clips
    assert answer.status_code == 401
    assert asked(open_to_app, **headers, Authorization="Bearer secret").status_code == 200


def test_other_sites_stay_out_where_one_is_allowed(open_to_app):
    for origin in ("https://app.example.evil.com", "http://app.example", "https://app.example:8443", "null"):
        for answer in (preflight(open_to_app, origin), asked(open_to_app, Origin=origin)):
            assert_refused(answer, 403, "Origin", "--allow-origin")
            assert answer.headers["vary"] == "Origin"
    answer = asked(open_to_app, Authorization="Bearer secret")  # no page at all
    assert answer.status_code == 200 and answer.headers["vary"] == "Origin"
    assert "access-control-allow-origin" not in answer.headers


def test_options_that_is_no_preflight_is_no_method_here(client):
    answer = client.request("OPTIONS", "/v1/stylize")
    assert (answer.status_code, answer.json()["code"]) == (405, "no_such_method")


def test_a_token_makes_names_needless_but_not_sites(desk):
    client = Client(inline_app(desk, "secret", read_access("0.0.0.0", [], [], "secret")))
    named = {"Host": "styles.example.org"}
    assert asked(client, **named, Authorization="Bearer secret").status_code == 200
    assert asked(client, **named).status_code == 401
    assert asked(client, **named, Origin=APP, Authorization="Bearer secret").status_code == 403


def test_where_other_machines_are_let_in_addresses_pass_and_names_must_be_given(desk):
    client = Client(inline_app(desk, access=read_access("0.0.0.0", ["Styles.Example.org"], [], None)))
    for host in (
        "192.168.1.5:8080",
        "[2001:db8::1]:8080",
        "styles.example.org:9000",
        "localhost",
        "STYLES.example.org.",
    ):
        assert asked(client, Host=host).status_code == 200
    for host in ("evil.example.com", "www.styles.example.org", "0.0.0.0.evil.example.com"):
        assert_refused(asked(client, Host=host), 421, "Host", "--allow-host")
    client = Client(inline_app(desk, access=read_access("box.example.org", [], [], None)))
    assert asked(client, Host="box.example.org:8080").status_code == 200


def test_no_answer_sends_a_client_where_a_header_points(client):
    headers = {"X-Forwarded-Host": "evil.example.com", "X-Forwarded-Proto": "https", "Forwarded": "host=evil"}
    assert client.get("/v1/styles/", headers=headers).status_code == 404
    assert_refused(
        asked(client, Host="evil.example.com", X_Forwarded_Host="localhost"), 421, "Host", "--allow-host"
    )


def test_refused_requests_are_logged_and_counted_by_reason(desk, caplog):
    client = Client(inline_app(desk))
    with caplog.at_level("INFO"):
        asked(client, Host="evil.example.com"), asked(client, Origin="http://x\t2026 server INFO fine")
    assert "421 Host: 'evil.example.com' is not a name of this server" in caplog.text
    assert "403 Origin: a page of 'http://x\\t2026" in caplog.text
    lines = client.get("/metrics").text.splitlines()
    for reason in ("wrong_host", "foreign_origin"):
        assert f'stylefuse_refused_total{{reason="{reason}"}} 1.0' in lines


@pytest.mark.parametrize("name", ["http://a.example", "a.example/x", "", "a b", "a:b:c"])
def test_a_host_that_is_none_is_refused_at_the_start(name):
    with pytest.raises(CannotStart, match=r"--allow-host .*: give a name as example.org"):
        read_access("127.0.0.1", [name], [], None)


@pytest.mark.parametrize(
    "origin", ["app.example", "*", "null", "https://app.example/page", "https://", "https://a b"]
)
def test_an_origin_that_is_none_is_refused_at_the_start(origin, capfd):
    assert main(["serve", "--port", "0", "--allow-origin", origin]) == 1
    assert "stylefuse serve: --allow-origin" in capfd.readouterr().err


def test_origins_are_compared_as_browsers_write_them():
    access = read_access("127.0.0.1", [], ["HTTPS://App.Example:443/", "http://localhost:3000"], None)
    assert access.allows("https://app.example") and access.allows("http://localhost:3000")
    assert not access.allows("https://app.example:8443") and not access.allows("http://localhost")


def raw(server, head: bytes) -> bytes:
    with contextlib.closing(socket.create_connection(("127.0.0.1", server.port), timeout=30)) as connection:
        connection.sendall(head)
        return connection.makefile("rb").readline()


def test_old_clients_without_host_are_answered(tmp_path):
    """HTTP/1.0 does not know the header; browsers always send it."""
    with stub_server(tmp_path) as server:
        assert b" 200 " in raw(server, b"GET /v1/styles HTTP/1.0\r\n\r\n")
        assert b" 400 " in raw(server, b"GET /v1/styles HTTP/1.1\r\n\r\n")
        both = b"GET /v1/styles HTTP/1.1\r\nHost: localhost\r\nHost: evil.example.com\r\n\r\n"
        assert b" 400 " in raw(server, both)
        assert b" 421 " in raw(server, b"GET /v1/styles HTTP/1.1\r\nHost: evil.example.com\r\n\r\n")
        named = {"Host": f"localhost:{server.port}"}
        assert server.send("/v1/styles", method="GET", headers=named)[0] == 200
