"""`POST /v1/ask`, `?language=` and `stylefuse ask`: the same answers through the service and the command line."""

import json
import types

import pytest
from PIL import Image

from service_support import Client, inline_app
from stylefuse.command_line import main

ABOUT = {"styles": ["monet", "vangogh"], "tasks": ["stylize", "fuse"], "digest": ""}


@pytest.fixture(scope="module")
def client():
    return Client(inline_app(types.SimpleNamespace(about=ABOUT)))


def test_the_service_answers_with_knobs_and_a_state_to_send_back(client):
    first = client.post("/v1/ask", json={"text": "像莫奈，强度一半"}).json()
    assert (first["kind"], first["chain"]) == ("request", "stylize")
    assert first["params"] == {"style": "monet", "strength": 0.5}
    assert first["command"] == "stylefuse stylize photo.jpg --style monet --strength 0.5"
    second = client.post("/v1/ask", json={"text": "half of that", "state": first["state"], "language": "zh"})
    assert second.json()["params"]["strength"] == 0.25 and second.json()["text"].startswith("变成莫奈风格")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "text"),
        ({"text": "Monet", "language": "fr"}, "language"),
        ({"text": "Monet", "state": 1}, "state"),
        ({"text": "Monet", "pictures": 2}, "pictures"),
    ],
)
def test_bad_fields_are_refused_by_name(client, body, field):
    answer = client.post("/v1/ask", json=body)
    assert (answer.status_code, answer.json()["field"]) == (400, field)


def test_the_body_must_be_json_and_short(client):
    assert client.post("/v1/ask", content=b"text=Monet").status_code == 415
    assert client.post("/v1/ask", json={"text": "a" * 70_000}).status_code == 413


def test_a_language_of_the_report_that_there_is_not_is_refused(client):
    answer = client.post("/v1/stylize?language=fr", json={"image": ""})
    assert (answer.status_code, answer.json()["field"]) == (400, "language")


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model = types.SimpleNamespace(styles=["monet", "vangogh"], tasks=["stylize", "fuse", "fuse+stylize"])
    monkeypatch.setattr("stylefuse.model.load", lambda model_, device: model)
    Image.new("RGB", (32, 24)).save("photo.png")
    return tmp_path


def test_the_command_shows_what_it_would_run(here, capsys):
    assert main(["ask", "变成梵高风格，颜色别变"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "变成梵高风格，保留照片原来的颜色。",
        "stylefuse stylize photo.jpg --style vangogh --preserve-color luma",
    ]


def test_the_command_runs_nothing_without_a_yes(here, capsys):
    assert main(["ask", "like Monet", "photo.png"]) == 3
    assert "add --yes" in capsys.readouterr().err and [each.name for each in here.iterdir()] == ["photo.png"]


def test_a_state_file_keeps_the_dialogue(here, capsys):
    assert main(["ask", "like Monet", "--state", "talk.json"]) == 0
    assert main(["ask", "a bit weaker", "--state", "talk.json", "--json"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["params"] == {
        "style": "monet",
        "strength": 0.75,
    }


def test_the_command_tells_refusals_by_its_exit_status(here, capsys):
    assert main(["ask", "like Picasso"]) == 3
    assert "This model has no style Picasso. It has Monet, Van Gogh." in capsys.readouterr().out
    (here / "talk.json").write_text("no JSON")
    assert main(["ask", "like Monet", "--state", "talk.json"]) == 2
