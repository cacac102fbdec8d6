"""Fusion as a client of `mlflow models serve` sees it."""

import json

import mlflow
import numpy as np
import pandas as pd
import pytest
from mlflow.exceptions import MlflowException
from mlflow.pyfunc import scoring_server
from PIL import Image

from serving_examples import assert_clean, decoded, encoded, half_sharp, landscape
from stylefuse.serving import request


@pytest.fixture(scope="module")
def model(model_folder):
    return mlflow.pyfunc.load_model(str(model_folder))


@pytest.fixture
def post(model):
    return lambda images, **params: answer(model, images, **params)


def answer(model, images, **params):
    """Status, and the rows of the answer or the error."""
    body = {"dataframe_records": [{"image": encoded(image)} for image in images], "params": params}
    try:
        found = scoring_server.invocations(
            json.dumps(body).encode(), "application/json", model, model.metadata.get_input_schema()
        )
        return found.status, json.loads(found.response)["predictions"]
    except MlflowException as error:
        assert_clean(error.serialize_as_json())
        return error.get_http_status_code(), json.loads(error.serialize_as_json())


def levels(image) -> np.ndarray:
    return np.asarray(image).astype(int)


def error_of(image, truth) -> float:
    return float(np.abs(levels(image) - levels(truth)).mean())


def test_two_half_sharp_pictures_give_one_that_is_sharp(post):
    truth = landscape()
    pair = half_sharp(truth)
    status, rows = post(pair, task="fuse", mode="focus")
    assert status == 200 and len(rows) == 1
    fused = decoded(rows[0]["image"])
    assert (fused.format, fused.mode, fused.size) == ("PNG", "RGB", truth.size)
    assert error_of(fused, truth) < min(error_of(image, truth) for image in pair) / 2
    report = json.loads(rows[0]["report"])
    assert report["task"] == "fuse" and report["mode"] == "focus" and not report["mode_automatic"]
    assert sum(report["pixels_from"]) == pytest.approx(1, abs=1e-3)
    assert len(report["registration"]["pictures"]) == 2
    assert "style" not in report


def test_the_order_of_rows_does_not_change_the_picture(post):
    pictures = [*half_sharp(landscape()), landscape().point(lambda level: level // 2)]
    _, (one,) = post(pictures, task="fuse")
    _, (other,) = post(pictures[::-1], task="fuse")
    assert np.abs(levels(decoded(one["image"])) - levels(decoded(other["image"]))).max() <= 1
    shares, turned = (json.loads(row["report"])["pixels_from"] for row in (one, other))
    assert turned[::-1] == pytest.approx(shares, abs=1e-3)


def test_two_landscapes_are_fused_and_restyled(post):
    pair = [landscape(seed=1), landscape(seed=2)]
    _, (fused,) = post(pair, task="fuse")
    status, (row,) = post(pair, task="fuse+stylize", style="monet", strength=0.8)
    assert status == 200
    restyled = decoded(row["image"])
    assert (restyled.mode, restyled.size) == ("RGB", pair[0].size)
    report = json.loads(row["report"])
    assert (report["task"], report["style"], report["strength"]) == ("fuse+stylize", "monet", 0.8)
    assert report["mode"] == json.loads(fused["report"])["mode"]
    # It is the fused picture, restyled as any other would be.
    _, (expected,) = post([decoded(fused["image"])], style="monet", strength=0.8)
    assert np.array_equal(levels(restyled), levels(decoded(expected["image"])))
    assert error_of(restyled, decoded(fused["image"])) > 1


def deep(image: Image.Image, low: int = 0) -> Image.Image:
    """16-bit grey, its low byte `low`."""
    return Image.fromarray((np.asarray(image.convert("L")).astype(np.uint16) << 8) + np.uint16(low))


def test_16_bits_in_16_bits_out(post):
    pair = [deep(image, 77) for image in half_sharp(landscape())]
    status, (row,) = post(pair, task="fuse")
    assert status == 200
    fused = decoded(row["image"])
    assert fused.mode.startswith("I;16") and fused.size == pair[0].size
    assert len(np.unique(np.asarray(fused) & 0xFF)) > 50  # more than 8 bits in use
    _, (restyled,) = post(pair, task="fuse+stylize")
    assert decoded(restyled["image"]).mode == "RGB"


def test_defaults_that_mlflow_fills_in_are_no_contradiction(model, post):
    filled = {spec.name: spec.default for spec in model.metadata.signature.params.params}
    pair = half_sharp(landscape())
    assert post(pair, **{**filled, "task": "fuse"}) == post(pair, task="fuse")
    assert post(pair, **filled) == post(pair)


def test_pictures_of_two_sizes_are_refused_with_the_remedy(post):
    status, error = post([landscape(), landscape(90, 64)], task="fuse")
    assert (status, error["field"]) == (400, "image")
    assert "align" in error["remedy"] and "picture 2 is 90×64" in error["message"]


def test_a_set_may_hold_so_many_pixels(post, monkeypatch):
    pictures = [landscape()] * 3
    monkeypatch.setattr(request, "MAX_SET_PIXELS", 3 * 96 * 64)
    assert post(pictures, task="fuse")[0] == 200
    monkeypatch.setattr(request, "MAX_SET_PIXELS", 3 * 96 * 64 - 1)
    status, error = post(pictures, task="fuse")
    assert (status, error["field"]) == (400, "image")
    assert "row 2" in error["message"] and "scale the pictures down" in error["remedy"]
    assert post(pictures)[0] == 200  # restyled, they are looked at one by one


def test_a_model_without_fuser_says_so_and_still_restyles(model_folder_without_fuser):
    model = mlflow.pyfunc.load_model(str(model_folder_without_fuser))
    for task in ("fuse", "fuse+stylize"):
        status, error = answer(model, half_sharp(landscape()), task=task)
        assert (status, error["field"]) == (400, "task")
        assert "without a fuser" in error["message"] and "train_fusion" in error["remedy"]
    status, rows = answer(model, half_sharp(landscape()), style="ink")
    assert status == 200 and len(rows) == 2


def test_a_fault_of_the_server_tells_the_client_no_details(post, model, monkeypatch):
    def explode(*_):
        raise MemoryError("at /home/secret")

    monkeypatch.setattr(model.unwrap_python_model().predictor.bundle.predictor("fuse"), "predict", explode)
    status, _ = post(half_sharp(landscape()), task="fuse")
    assert status == 500


def test_predict_in_process_answers_one_row_for_a_set(model):
    frame = pd.DataFrame({"image": [encoded(image) for image in half_sharp(landscape())]})
    assert len(model.predict(frame, params={"task": "fuse", "align": np.bool_(False)})) == 1
    assert len(model.predict(frame)) == 2
