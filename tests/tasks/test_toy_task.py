"""A task is a folder: one file there, and it is a route, a command, a pipeline, a parameter, a line of the card."""

import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from kedro.pipeline import Pipeline
from PIL import Image

import stylefuse
import stylefuse.tasks
from project import ROOT
from service_support import Client, inline_app
from serving_examples import bytes_of, encoded, landscape, picture
from stylefuse.command_line import main
from stylefuse.networks.weights import write_weights
from stylefuse.pipelines.batches import create_pipelines
from stylefuse.pipelines.register.card import measure_budget, write_card
from stylefuse.pipelines.register.package import content_hash, signature
from stylefuse.serving.bundle import Stored
from stylefuse.serving.service.request_handler import RequestHandler
from stylefuse.tasks.task import find_tasks

TOY = Path(__file__).with_name("toy_invert.py")


def add_folder(tasks: Path) -> None:
    (tasks / "invert").mkdir(parents=True)
    shutil.copy(TOY, tasks / "invert" / "__init__.py")


@pytest.fixture
def toy(tmp_path, monkeypatch):
    """The toy's folder beside those of the other tasks; nothing else is changed."""
    add_folder(tmp_path / "tasks")
    monkeypatch.setattr(stylefuse.tasks, "__path__", [*stylefuse.tasks.__path__, str(tmp_path / "tasks")])
    find_tasks.cache_clear()
    yield
    sys.modules.pop("stylefuse.tasks.invert", None)
    monkeypatch.undo()
    find_tasks.cache_clear()


@pytest.fixture
def client(toy, weights, fuser_weights):
    return Client(
        inline_app(RequestHandler(Stored({"generator": weights, "fuser": fuser_weights}, "0" * 64)))
    )


@pytest.fixture
def model(toy, weights, tmp_path):
    write_weights(tmp_path / "model" / "generator.safetensors", weights)
    return tmp_path / "model"


def opened(content: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB")).astype(int)


def test_the_toy_is_short():
    assert len(TOY.read_text(encoding="utf-8").splitlines()) <= 60


def test_it_is_a_route_with_a_schema_and_a_name(client):
    photo = picture(30, 20)
    answer = client.post("/v1/invert", data={"amount": "1"}, files={"image": ("p.png", bytes_of(photo))})
    assert answer.status_code == 200 and np.array_equal(opened(answer.content), 255 - np.asarray(photo))
    assert json.loads(answer.headers["x-report"]) == {
        **{"task": "invert", "format": "png", "amount": 1.0, "label": "none"}
    }
    refused = client.post("/v1/invert", json={"image": encoded(photo), "amount": 2})
    assert (refused.status_code, refused.json()["field"]) == (400, "amount")
    assert "2 is not a number from 0 to 1" in refused.json()["message"]
    schema = client.get("/openapi.json").json()["paths"]["/v1/invert"]["post"]["requestBody"]["content"]
    amount = schema["application/json"]["schema"]["properties"]["amount"]
    assert (amount["type"], amount["minimum"], amount["maximum"], amount["default"]) == ("number", 0, 1, 1)
    tasks = {task["name"]: task for task in client.get("/v1/tasks").json()["tasks"]}
    assert tasks["invert"]["path"] == "/v1/invert" and "amount" in tasks["invert"]["parameters"]["properties"]
    assert "invert" in client.get("/v1/styles").json()["tasks"]


def test_it_stands_in_chains(client):
    photo = {"image": encoded(landscape())}
    once = client.post("/v1/stylize", json={**photo, "style": "ink"})
    inverted = client.post("/v1/stylize+invert", json={**photo, "style": "ink"})
    assert inverted.status_code == 200, inverted.text
    assert np.array_equal(opened(inverted.content), 255 - opened(once.content))
    report = json.loads(inverted.headers["x-report"])
    assert (report["task"], report["style"], report["amount"]) == ("stylize+invert", "ink", 1.0)
    before = client.post(
        "/v1/invert", json={**photo, "style": "ink"}
    )  # a style asks for restyling, as for a fusion
    assert json.loads(before.headers["x-report"])["task"] == "invert+stylize"
    three = {"images": [encoded(landscape())] * 2, "style": "ink", "amount": 0.5}
    assert json.loads(client.post("/v1/fuse+invert+stylize", json=three).headers["x-report"])["amount"] == 0.5
    body = {"inputs": [encoded(landscape())], "params": {"task": "stylize+invert", "style": "ink"}}
    assert client.post("/invocations", json=body).status_code == 200
    assert client.post("/v1/stylize+fuse", json=photo).status_code == 404  # fusion takes no single picture


def test_it_is_a_command_and_a_method(model, tmp_path, capsys, monkeypatch):
    photo = picture(30, 20)
    photo.save(tmp_path / "photo.png")
    monkeypatch.chdir(tmp_path)
    assert main(["invert", "photo.png", "--amount", "1", "--model", str(model), "-o", "negative.png"]) == 0
    assert np.array_equal(Image.open("negative.png"), 255 - np.asarray(photo))
    with pytest.raises(SystemExit) as ended:
        main(["invert", "--help"])
    assert ended.value.code == 0 and "--amount NUMBER" in capsys.readouterr().out
    loaded = stylefuse.load(model)
    assert np.array_equal(loaded.invert(photo, amount=0), photo)
    assert "amount" in loaded.invert.__doc__ and "invert" in dir(loaded)


def test_it_is_in_the_signature_the_card_and_the_content_of_a_registered_model(toy, weights, monkeypatch):
    params = {param.name: param for param in signature(weights.facts["styles"]).params.params}
    assert params["amount"].default == 1.0
    card = write_card("m", weights.facts, {}, measure_budget(weights), {})
    assert "**invert**: invert the colours." in card and "`amount` | 0 to 1 |" in card
    with_toy = content_hash({"generator": weights})
    find_tasks.cache_clear()
    monkeypatch.setattr(stylefuse.tasks, "__path__", stylefuse.tasks.__path__[:1])
    assert content_hash({"generator": weights}) != with_toy


def test_it_is_a_batch_pipeline(toy):
    pipeline = create_pipelines()["invert"]
    assert isinstance(pipeline, Pipeline)
    assert pipeline.inputs() == {"invert_input", "invert_staging", "params:invert"} | {"generator"}


@pytest.mark.slow
def test_kedro_runs_it_in_a_copy_of_the_project(tmp_path, weights):
    """In processes of their own: the folder is all that differs from this project."""
    for name in ("src", "conf", "pyproject.toml"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, tmp_path / name)
    add_folder(tmp_path / "src" / "stylefuse" / "tasks")
    write_weights(tmp_path / "data" / "06_models" / "generator.safetensors", weights)
    photo = landscape()
    (tmp_path / "photos").mkdir()
    photo.save(tmp_path / "photos" / "a.png")
    environment = {
        **os.environ,
        "PYTHONPATH": str(tmp_path / "src"),
        "MLFLOW_TRACKING_URI": f"sqlite:///{tmp_path}/mlflow.db",
    }
    given = f"invert_input={tmp_path / 'photos'},invert.amount=1"
    command = [sys.executable, "-m", "kedro", "run", "--pipelines", "invert", "--params", given]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr + done.stdout
    made = np.asarray(Image.open(tmp_path / "data" / "07_model_output" / "invert" / "a.png"))
    assert np.array_equal(made, 255 - np.asarray(photo))
    report = pd.read_csv(tmp_path / "data" / "08_reporting" / "invert.csv")
    assert json.loads(report["report"][0]) == {"amount": 1.0, "label": "none"}
