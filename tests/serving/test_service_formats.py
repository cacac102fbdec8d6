"""The picture of an answer as PNG, JPEG or WebP."""

import base64
import io
import json

import mlflow
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from service_support import Client, inline_app
from serving_examples import bytes_of, decoded, encoded, half_sharp, landscape, picture
from stylefuse.images.encoding import MIME_TYPES
from stylefuse.images.files import ImageError
from stylefuse.serving import request
from stylefuse.serving.bundle import read_model
from stylefuse.serving.service.forms import accepted_format
from stylefuse.serving.service.request_handler import RequestHandler
from stylefuse.tasks.fuse.predictor import FusePredictor
from stylefuse.tasks.stylize.predictor import StylizePredictor

FORMATS = ("png", "jpeg", "webp")


@pytest.fixture(scope="module")
def client(model_folder):
    return Client(inline_app(RequestHandler(read_model(model_folder))))


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def stylize(client, accept="", **fields):
    files = {"image": ("p.png", bytes_of(landscape()))}
    return client.post("/v1/stylize", data=fields, files=files, headers={"Accept": accept} if accept else {})


def assert_is(answer, name):
    assert (answer.status_code, answer.headers["content-type"]) == (200, MIME_TYPES[name]), answer.text[:300]
    assert opened(answer.content).format == name.upper()
    assert json.loads(answer.headers["x-report"])["format"] == name


@pytest.mark.parametrize("name", FORMATS)
def test_a_form_and_json_give_the_format_they_name(client, name):
    by_form = stylize(client, format=name)
    by_json = client.post("/v1/stylize", json={"image": encoded(landscape()), "format": name})
    assert_is(by_form, name), assert_is(by_json, name)
    assert by_form.content == by_json.content
    kept = stylize(client, format=name, strength="0")
    found = np.asarray(opened(kept.content).convert("RGB")).astype(int)
    assert found.shape == (64, 96, 3) and np.abs(found - np.asarray(landscape())).mean() < 4


@pytest.mark.parametrize("name", FORMATS)
def test_json_answers_hold_the_format_in_base64(client, name):
    answer = stylize(client, "application/json", format=name)
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert body["report"]["format"] == name
    assert opened(base64.b64decode(body["image"])).format == name.upper()


def test_png_is_what_comes_unasked_and_its_bytes_stay(client):
    plain, asked = stylize(client), stylize(client, format="png")
    assert_is(plain, "png")
    assert plain.content == asked.content == stylize(client, "*/*").content
    photo = stylize(client, strength=0)
    assert photo.content == bytes_of(opened(photo.content))  # as Pillow writes it, without metadata


@pytest.mark.parametrize(
    ("accept", "name"), [("image/webp", "webp"), ("image/jpeg", "jpeg"), ("image/png", "png")]
)
def test_accept_does_in_place_of_the_field(client, accept, name):
    assert_is(stylize(client, accept), name)
    assert_is(stylize(client, accept, format="png"), "png")  # the field is the plainer word
    assert_is(stylize(client, "image/png", format=name), name)


@pytest.mark.parametrize(
    ("accept", "name"),
    [
        ("", "png"),
        ("*/*", "png"),
        ("image/*", "png"),
        ("text/html", "png"),
        ("application/json", "png"),
        # Browsers name WebP and take PNG as well: they go on getting what they got.
        ("text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8", "png"),
        ("image/webp, image/png;q=0.5", "png"),
        ("image/webp;q=0.5, image/jpeg", "jpeg"),
        ("IMAGE/WEBP", "webp"),
        ("image/webp, image/png;q=0", "webp"),
        ("application/json, image/webp", "webp"),
        (";;=,", "png"),
    ],
)
def test_accept_counts_where_it_takes_no_png(accept, name):
    assert accepted_format(accept) == name


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("style", [{}, {"style": "ink"}])
def test_a_set_is_fused_into_the_format_it_names(client, name, style):
    files = [("images", ("p.png", bytes_of(image))) for image in half_sharp(landscape())]
    assert_is(client.post("/v1/fuse", data={"format": name, **style}, files=files), name)


def deep_png() -> bytes:
    grey = (np.arange(64 * 48, dtype=np.uint16).reshape(48, 64) * 20).astype(np.uint16)
    return bytes_of(Image.fromarray(grey))


def test_16_bits_stay_in_png_and_are_rounded_in_the_others(client):
    files = [("images", ("p.png", deep_png()))] * 2
    deep = opened(client.post("/v1/fuse", files=files).content)
    assert deep.mode == "I;16"
    flat = opened(client.post("/v1/fuse", files=files, data={"format": "jpeg"}).content)
    assert flat.mode == "L" and flat.size == deep.size
    assert np.abs(np.asarray(flat).astype(float) - np.asarray(deep) / 257).mean() < 2


def test_a_picture_that_the_format_cannot_hold_is_refused_before_the_work(client, monkeypatch):
    monkeypatch.setattr(StylizePredictor, "predict", lambda *_: pytest.fail("it was restyled"))
    photo = {"image": ("p.png", bytes_of(picture(16_384, 2)))}
    answer = client.post("/v1/stylize", data={"format": "webp"}, files=photo)
    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (400, "too_long", "format")
    monkeypatch.setattr(FusePredictor, "predict", lambda *_: pytest.fail("they were fused"))
    files = [("images", ("p.png", bytes_of(picture(16_384, 16))))] * 2
    assert client.post("/v1/fuse", data={"format": "webp"}, files=files).json()["code"] == "too_long"
    assert "16384×2 pixels" in answer.json()["message"] and "use the format png" in answer.json()["message"]


@pytest.mark.parametrize("name", FORMATS)
def test_invocations_and_mlflow_know_the_parameter(client, model_folder, name):
    answer = client.post("/invocations", json={"inputs": [encoded(picture())], "params": {"format": name}})
    (row,) = answer.json()["predictions"]
    model = mlflow.pyfunc.load_model(str(model_folder))
    frame = model.predict(pd.DataFrame({"image": [encoded(picture())]}), params={"format": name})
    assert frame.to_dict("records") == [row]
    assert decoded(row["image"]).format == name.upper()
    assert json.loads(row["report"])["format"] == name
    assert "format" in {param.name for param in model.metadata.get_params_schema().params}


@pytest.mark.parametrize(
    ("code", "status"), [("unsupported_format", 415), ("not_a_picture", 400), ("new", 400)]
)
def test_a_file_that_is_not_read_is_refused_by_what_it_is(client, monkeypatch, code, status):
    def refuse(*_):
        raise ImageError(code, "the file is an HEIC photo", "export it as JPEG")

    monkeypatch.setattr(request, "decode", refuse)
    answer = stylize(client)
    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (status, code, "image")
    assert answer.json()["message"] == "image: the picture: the file is an HEIC photo; export it as JPEG"
