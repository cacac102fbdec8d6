"""The page at `/` as it is served: what it loads, what its headers forbid, and what stands in its modules."""

import ast
import json
import re
import threading
import time
from html.parser import HTMLParser

import numpy as np
import pytest

from project import SOURCE
from service_support import Client, inline_app, stub_server
from serving_examples import bytes_of, decoded, half_sharp, landscape
from stylefuse.serving.bundle import read_model
from stylefuse.serving.service.clips.params import ClipParams
from stylefuse.serving.service.page import MODULES, script
from stylefuse.serving.service.request_handler import RequestHandler
from stylefuse.tasks.task import find_tasks

FOLDER = SOURCE / "page"
MODULE_FILES = {file.stem: file.read_text(encoding="utf-8") for file in (FOLDER / "js").glob("*.js")}
LANGUAGES = ("en", "zh")
FILES = ("/", "/static/page.css", "/static/page.js")


@pytest.fixture(scope="module")
def desk(model_folder):
    return RequestHandler(read_model(model_folder))


@pytest.fixture(scope="module")
def client(desk):
    return Client(inline_app(desk, token="secret"))


class Loaded(HTMLParser):
    """What a document loads, and what stands in it that the security policy would refuse."""

    def __init__(self, text: str):
        super().__init__()
        self.addresses, self.inline = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.addresses += [values[name] for name in ("src", "href") if name in values]
        self.inline += [name for name in values if name == "style" or name.startswith("on")]
        if tag == "style" or (tag == "script" and "src" not in values):
            self.inline.append(tag)


def messages(language):
    return json.loads((SOURCE / "messages" / language / "page.json").read_text(encoding="utf-8"))


def test_the_first_load_is_four_requests_and_less_than_60_kb(client):
    """The document and what it names, and the tasks that the script asks for."""
    document = client.get("/").text
    loaded = Loaded(document)
    assert loaded.inline == []
    named = [address for address in loaded.addresses if not address.startswith("data:")]
    assert all(address.startswith("/static/") for address in named)
    asked = ["/", *named, "/v1/tasks"]
    headers = {"Accept-Encoding": "gzip", "Authorization": "Bearer secret"}
    answers = [client.get(path, headers=headers) for path in asked]
    assert [answer.status_code for answer in answers] == [200] * len(asked)
    assert len(asked) <= 4
    assert sum(int(answer.headers["content-length"]) for answer in answers) <= 60_000
    assert "url(" not in client.get("/static/page.css").text  # else the stylesheet would load more


@pytest.mark.parametrize("path", FILES)
def test_the_page_is_public_and_forbids_what_comes_from_elsewhere(client, path):
    answer = client.get(path)
    policy = dict(part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'self'" and policy["img-src"] == "'self' blob: data:"
    assert policy["frame-ancestors"] == "'none'" and "unsafe" not in str(policy)
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert client.request("HEAD", path).status_code == 200
    again = client.get(path, headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    plain = client.get(path, headers={"Accept-Encoding": "identity"})
    assert plain.content == answer.content and "content-encoding" not in plain.headers


def test_what_is_no_part_of_the_page_is_kept(client):
    assert client.get("/v1/tasks").status_code == 401
    for path in ("/static/", "/static/js/main.js", "/static/../pyproject.toml", "/static/%2e%2e/access.py"):
        assert client.get(path).status_code in (401, 404)


@pytest.mark.parametrize("path", FILES)
def test_the_page_is_served_under_the_server_s_own_names_alone(desk, path):
    client = Client(inline_app(desk))
    assert client.get(path, headers={"Host": "localhost:8080"}).status_code == 200
    answer = client.get(path, headers={"Host": "evil.example.com"})
    assert answer.status_code == 421 and "--allow-host" in answer.json()["message"]
    answer = client.get(path, headers={"Origin": "http://evil.example.com"})
    assert answer.status_code == 403 and "--allow-origin" in answer.json()["message"]


def test_modules_are_joined_after_those_that_they_import():
    assert MODULE_FILES.keys() == set(MODULES)
    for name, text in MODULE_FILES.items():
        imported = re.findall(r'^import \{ (.+) \} from "\./(\w+)\.js";$', text, re.MULTILINE)
        assert len(imported) == len(re.findall(r"^import", text, re.MULTILINE)), name
        for names, other in imported:
            assert " as " not in names
            if other == "messages":  # made when the page is served
                continue
            assert MODULES.index(other) < MODULES.index(name), f"{name} imports {other}"
            exported = re.findall(
                r"^export (?:async )?(?:const|let|function|class) ([\w$]+)", MODULE_FILES[other], re.M
            )
            assert set(names.split(", ")) <= set(exported), f"{name} imports {names} from {other}"


def test_names_at_the_top_of_modules_are_unique():
    text = script()
    names = re.findall(r"^(?:async )?(?:const|let|function|class) ([\w$]+)", text, re.MULTILINE)
    assert sorted(names) == sorted(set(names))
    assert not re.search(r"^(import|export)\b", text, re.MULTILINE)


def test_every_text_is_in_both_catalogues():
    used = {key for text in MODULE_FILES.values() for key in re.findall(r'\bt\("([\w.]+)"', text)}
    used |= set(re.findall(r'data-t(?:-label|-hint)?="([\w.]+)"', (FOLDER / "index.html").read_text("utf-8")))
    for language in LANGUAGES:
        assert used <= messages(language).keys()
    assert messages("en").keys() == messages("zh").keys()


# Refusals of requests as no page sends them: wrong fields, types and paths.
NOT_OF_A_PAGE = {
    *(
        "client_left",
        "duplicate_field",
        "missing_field",
        "not_a_file",
        "not_a_form",
        "not_base64",
        "not_done",
    ),
    *("not_json", "unreadable", "unsupported_type", "unwritable", "wrong_use"),
}
# Where an error has its code: the place among the arguments.
CODES = {
    "RequestError": 3,
    "ImageError": 0,
    "VideoError": 0,
    "Refused": 1,
    "Kind": 0,
    "MapError": 0,
    "_refused": 0,
}


def test_every_refusal_that_a_page_can_meet_has_its_words():
    codes = {"invalid_value", "no_answer"}
    for path in SOURCE.rglob("*.py"):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and (at := CODES.get(getattr(call.func, "id", ""))) is not None:
                codes |= {each.value for each in call.args[at : at + 1] if isinstance(each, ast.Constant)}
    assert {"no_overlap", "hdr", "busy", "damaged", "sizes"} <= codes
    for language in LANGUAGES:
        missing = {code for code in codes if f"error.{code}" not in messages(language)}
        assert missing <= NOT_OF_A_PAGE


def test_every_name_that_the_page_shows_has_its_words():
    names = set()
    for task in find_tasks().values():
        names |= {f"task.{task.name}", f"task.{task.name}.help"}
        names |= {f"map.{each}" for each in task.maps} | {f"picture.{each}" for each in task.also}
        for name, spec in task.specs.items():
            names |= {f"parameter.{name}", f"parameter.{name}.help"}
            names |= {f"value.{name}.{each}" for each in spec.names if not spec.names_of}
    names |= {f"parameter.{name}" for name in ClipParams.model_fields if name != "preview"}
    for language in LANGUAGES:
        known = messages(language).keys()
        assert {each for each in names if each not in known and not each.endswith(".auto")} == set()


def test_modules_are_short_and_say_what_they_are():
    long = {name for name, text in MODULE_FILES.items() if len(text.splitlines()) > 250}
    assert long == set()
    assert [name for name, text in MODULE_FILES.items() if not text.startswith("// ")] == []


def test_the_tasks_say_what_else_there_is(client):
    answer = client.get("/v1/tasks", headers={"Authorization": "Bearer secret"}).json()
    assert {"/v1/stylize", "/v1/tasks", "/v1/requests/{request_id}"} <= set(answer["paths"])


def test_a_client_may_ask_where_its_request_is(tmp_path):
    def sent(running, name, seconds, **more):
        headers = {"X-Request-ID": name}
        thread = threading.Thread(
            target=lambda: running.send(do={"do": "sleep", "seconds": seconds, **more}, headers=headers)
        )
        thread.start()
        return thread

    with stub_server(tmp_path) as running:

        def where(name):
            return json.loads(running.send(f"/v1/requests/{name}", method="GET")[2])

        threads = []
        for name in ("a", "b", "c"):
            threads.append(sent(running, name, 0.5))
            running.wait_for(lambda name=name: where(name).get("state") in ("waiting", "working"))
            time.sleep(0.01)
        assert where("a") == {"state": "working"}
        assert where("b") == {"state": "waiting", "ahead": 0}
        assert where("c") == {"state": "waiting", "ahead": 1}
        for thread in threads:
            thread.join()
        assert where("a") == where("never") == {"state": "unknown"}
        threads = [sent(running, "long", 2, progress=0.25)]
        running.wait_for(lambda: where("long") == {"state": "working", "share": 0.25})
        threads[0].join()


def test_maps_come_with_json_when_they_are_asked_for(client):
    """Each pixel's shares of a fusion add up to the whole."""
    files = [("images", (f"{n}.png", bytes_of(each))) for n, each in enumerate(half_sharp(landscape()))]
    headers = {"Authorization": "Bearer secret", "Accept": "application/json"}
    plain = client.post("/v1/fuse", files=files, headers=headers).json()
    answer = client.post("/v1/fuse", files=files, data={"explain": "true"}, headers=headers).json()
    assert "maps" not in plain
    assert (answer["image"], answer["report"]) == (plain["image"], plain["report"])
    first, second = (decoded(text) for text in answer["maps"]["weights"])
    assert first.mode == "L" and first.width / first.height == pytest.approx(1.5, abs=0.1)
    sums = np.asarray(first, int) + np.asarray(second, int)
    assert abs(sums - 255).max() <= 2
    one = {"image": ("p.png", bytes_of(landscape()))}
    restyled = client.post("/v1/stylize", files=one, data={"explain": "true"}, headers=headers).json()
    assert list(restyled["maps"]) == ["moved"]
    missing = restyled["maps_missing"]
    assert {name: each["code"] for name, each in missing.items()} == dict.fromkeys(
        ("classifier", "critic"), "no_network"
    )
    assert missing["critic"]["message"].startswith("this model has no critic: train a model")


def test_maps_are_asked_for_by_name(client, monkeypatch):
    monkeypatch.setattr(
        "stylefuse.tasks.stylize.explain.moved", lambda *pictures: pytest.fail("nobody asked")
    )
    files = {"image": ("p.png", bytes_of(landscape()))}
    headers = {"Authorization": "Bearer secret", "Accept": "application/json"}
    for value, named in (("false", None), ("critic", []), ("classifier, critic", [])):
        answer = client.post("/v1/stylize", files=files, data={"explain": value}, headers=headers).json()
        assert answer.get("maps", None) == (None if named is None else {})
    refused = client.post("/v1/stylize", files=files, data={"explain": "moved,weights"}, headers=headers)
    assert refused.status_code == 400
    assert refused.json()["message"] == (
        "explain: 'weights' is not an allowed value; send true or false, or of moved, classifier, critic, "
        "with commas between them"
    )


@pytest.mark.parametrize(("value", "accept"), [("maybe", "application/json"), ("true", "image/png")])
def test_explain_is_refused_by_name(client, value, accept):
    files = {"image": ("p.png", bytes_of(landscape()))}
    headers = {"Authorization": "Bearer secret", "Accept": accept}
    answer = client.post("/v1/stylize", files=files, data={"explain": value}, headers=headers)
    assert (answer.status_code, answer.json()["field"]) == (400, "explain")


def test_a_refusal_of_a_set_has_the_numbers_of_its_pictures(client):
    sent = [bytes_of(landscape()), b"no picture"]
    files = [("images", (f"{n}.png", data)) for n, data in enumerate(sent)]
    answer = client.post("/v1/fuse", files=files, headers={"Authorization": "Bearer secret"})
    assert (answer.json()["code"], answer.json()["pictures"]) == ("not_a_picture", [2])
    one = {"image": ("p.png", b"no picture")}
    answer = client.post("/v1/stylize", files=one, headers={"Authorization": "Bearer secret"})
    assert answer.json()["code"] == "not_a_picture" and "pictures" not in answer.json()
