"""The command a user types, end to end: a registered champion behind `mlflow models serve`."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from serving_examples import assert_clean, bad_requests, decoded, encoded, half_sharp, landscape, picture
from stylefuse.hooks import connect
from stylefuse.pipelines.register.nodes import register_model
from stylefuse.pipelines.register.options import RegisterOptions

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def url(weights, fuser_weights, tmp_path_factory):
    folder = tmp_path_factory.mktemp("served")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{folder}/mlflow.db")
        connect(folder)
        options = RegisterOptions(name="stylefuse", alias="champion", gate=[])
        manifest = pd.DataFrame(
            [{"style": "photo", "verdict": "ok", "sha256": "a", "split": "train", "trim": ""}]
        )
        registered = register_model(weights, {"summary": {}}, manifest, options, *[None] * 4, fuser_weights)
        assert (registered["outcome"], registered["fusion"]) == ("promoted", "included")
        mlflow.set_tracking_uri(None)
        # Without the package on the path: the model brings its own.
        env = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        # `python -m mlflow` finds the server's uvicorn on PATH.
        env["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{env['PATH']}"
        env["MLFLOW_ALLOW_PICKLE_DESERIALIZATION"] = "false"
        command = [sys.executable, "-m", "mlflow", "models", "serve", "-m", "models:/stylefuse@champion"]
        command += ["--env-manager", "local", "--port", str(port)]
        with (folder / "log").open("w") as log:
            server = subprocess.Popen(
                command, env=env, cwd=folder, stdout=log, stderr=log, start_new_session=True
            )
        try:
            address = f"http://127.0.0.1:{port}"
            for _ in range(240):
                try:
                    urllib.request.urlopen(f"{address}/ping", timeout=5)
                    break
                except OSError:
                    assert server.poll() is None, (folder / "log").read_text()
                    time.sleep(0.5)
            yield address
        finally:
            os.killpg(server.pid, signal.SIGKILL)  # the command, and the uvicorn it started
            server.wait()


def post(url, body):
    request = urllib.request.Request(f"{url}/invocations", json.dumps(body).encode())
    request.add_header("Content-Type", "application/json")
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_a_phone_photo_comes_back_upright_at_its_size(url):
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: show it rotated by 90 degrees
    photo = encoded(picture(640, 427), "JPEG", exif=exif)
    status, text = post(
        url, {"dataframe_records": [{"image": photo}], "params": {"style": "monet", "strength": 0.8}}
    )
    assert status == 200, text
    result = decoded(json.loads(text)["predictions"][0]["image"])
    assert (result.format, result.mode, result.size) == ("PNG", "RGB", (427, 640))


def test_strength_0_returns_the_pixels(url):
    image = picture(33, 21)
    status, text = post(url, {"dataframe_records": [{"image": encoded(image)}], "params": {"strength": 0}})
    assert status == 200, text
    assert np.array_equal(decoded(json.loads(text)["predictions"][0]["image"]), image)


@pytest.mark.parametrize("name", ["png", "jpeg", "webp"])
def test_the_answer_has_the_format_that_is_asked_for(url, name):
    rows = [{"image": encoded(picture())}] * 9  # more than a request to `stylefuse serve` may have
    status, text = post(url, {"dataframe_records": rows, "params": {"format": name}})
    assert status == 200, text
    found = json.loads(text)["predictions"]
    assert {decoded(row["image"]).format for row in found} == {name.upper()} and len(found) == 9
    assert json.loads(found[0]["report"])["format"] == name


def test_two_pictures_come_back_as_one(url):
    pair = [{"image": encoded(image)} for image in half_sharp(landscape())]
    params = {"task": "fuse+stylize", "style": "monet", "align": True}
    status, text = post(url, {"dataframe_records": pair, "params": params})
    assert status == 200, text
    (row,) = json.loads(text)["predictions"]
    report = json.loads(row["report"])
    assert decoded(row["image"]).mode == "RGB" and len(report["pixels_from"]) == 2
    assert (report["task"], report["style"], report["aligned"]) == ("fuse+stylize", "monet", True)


@pytest.mark.parametrize(("body", "field", "words"), bad_requests())
def test_refuses_by_name(url, body, field, words):
    status, text = post(url, body)
    assert status == 400, text[:300]
    assert json.loads(text)["field"] == field
    assert words in json.loads(text)["message"]
    assert_clean(text)


def test_is_alive_after_all_that(url):
    status, _ = post(url, {"dataframe_records": [{"image": encoded(picture())}]})
    assert status == 200
