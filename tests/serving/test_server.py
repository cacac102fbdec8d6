"""What a client of `mlflow models serve` sees, through the server's own functions, without a port."""

import json
import shutil
import threading

import mlflow
import numpy as np
import pandas as pd
import pytest
import yaml
from mlflow.exceptions import MlflowException
from mlflow.pyfunc import scoring_server

from serving_examples import assert_clean, bad_requests, decoded, encoded, landscape, picture


@pytest.fixture(scope="module")
def model(model_folder):
    return mlflow.pyfunc.load_model(str(model_folder))


@pytest.fixture
def post(model):
    def post(body):
        data = json.dumps(body).encode()
        try:
            schema = model.metadata.get_input_schema()
            answer = scoring_server.invocations(data, "application/json", model, schema)
            return answer.status, answer.response
        except MlflowException as error:  # as the server's error handler does
            return error.get_http_status_code(), error.serialize_as_json()

    return post


@pytest.mark.parametrize(
    "body",
    [
        {"dataframe_records": [{"image": encoded(picture())}]},
        {"dataframe_split": {"columns": ["image"], "data": [[encoded(picture())]]}},
        {"inputs": {"image": [encoded(picture())]}},
        {"inputs": [encoded(picture())]},
        {"instances": [{"image": encoded(picture())}]},
    ],
    ids=lambda body: next(iter(body)),
)
def test_answers_every_body_mlflow_knows(post, body):
    status, text = post({**body, "params": {"style": "monet", "strength": 0.8}})
    assert status == 200, text
    (answer,) = json.loads(text)["predictions"]
    assert list(answer) == ["image", "report"]
    assert json.loads(answer["report"]) == {
        "task": "stylize",
        "format": "png",
        "style": "monet",
        "styles": {"monet": 1.0},
        "strength": 0.8,
        "preserve_color": "none",
        "contrast": 1.0,
        "sharpen": 0.0,
        "label": "metadata",
    }
    result = decoded(answer["image"])
    assert (result.format, result.mode, result.size) == ("PNG", "RGB", (24, 16))


def test_defaults_are_the_first_style_at_full_strength(post):
    def answer(params):
        return post({"dataframe_records": [{"image": encoded(picture())}], **params})

    full = answer({"params": {"style": "ink", "strength": 1}})
    assert full[0] == 200
    assert answer({}) == answer({"params": {}}) == answer({"params": None}) == full
    assert answer({"params": {"style": "monet"}}) != full


def test_knobs_are_parameters(post):
    def answer(**params):
        status, text = post({"dataframe_records": [{"image": encoded(landscape())}], "params": params})
        assert status == 200, text
        (row,) = json.loads(text)["predictions"]
        return decoded(row["image"]), json.loads(row["report"])

    plain, _ = answer(style="monet")
    for knobs in ({"style": "ink:2,monet:1"}, {"preserve_color": "luma"}, {"contrast": 1.5}, {"sharpen": 1}):
        changed, report = answer(**{"style": "monet", **knobs})
        assert not np.array_equal(changed, plain)
        assert knobs.items() <= report.items() or report["styles"] == {"ink": 0.6667, "monet": 0.3333}
    off, _ = answer(style="monet:5", preserve_color="none", contrast=1, sharpen=0)
    assert np.array_equal(off, plain)


def test_a_model_registered_before_there_were_knobs_is_checked_all_the_same(model_folder, tmp_path):
    """Its signature names fewer parameters: what this version can do it does, and what it cannot it refuses."""
    folder = shutil.copytree(model_folder, tmp_path / "model")
    description = yaml.safe_load((folder / "MLmodel").read_text())
    params = json.loads(description["signature"]["params"])
    first = ("task", "style", "strength", "mode", "align")
    description["signature"]["params"] = json.dumps([each for each in params if each["name"] in first])
    (folder / "MLmodel").write_text(yaml.safe_dump(description))
    old = mlflow.pyfunc.load_model(str(folder))
    frame = pd.DataFrame({"image": [encoded(picture())]})
    answer = old.predict(frame, params={"contrast": 1.5, "format": "webp"})
    assert json.loads(answer["report"][0])["contrast"] == 1.5
    assert decoded(answer["image"][0]).format == "WEBP"
    assert decoded(old.predict(frame)["image"][0]).format == "PNG"
    with pytest.raises(MlflowException, match=r"^stlye: unknown parameter"):
        old.predict(frame, params={"stlye": "ink"})


def test_rows_are_answered_in_order_and_apart(post):
    images = [picture(24, 16), picture(9, 31)]
    together = post({"dataframe_records": [{"image": encoded(image)} for image in images]})
    alone = [post({"dataframe_records": [{"image": encoded(image)}]}) for image in images]
    assert json.loads(together[1])["predictions"] == [json.loads(a[1])["predictions"][0] for a in alone]


@pytest.mark.parametrize(("body", "field", "words"), bad_requests())
def test_refuses_by_name(post, body, field, words):
    status, text = post(body)
    assert status == 400, text[:300]
    answer = json.loads(text)
    assert answer["field"] == field
    assert answer["message"].startswith(f"{field}: ")
    assert words in answer["message"] and answer["remedy"] in answer["message"]
    assert_clean(text)


def test_a_batch_has_any_number_of_rows_and_a_set_has_not(model):
    """Spark hands over thousands of rows at a time: there is no request whose size would matter."""
    images = [picture(16 + n, 16) for n in range(12)]
    frame = pd.DataFrame({"image": [encoded(image) for image in images]})
    rows = model.predict(frame, params={"style": "monet"})
    assert [decoded(row).size for row in rows["image"]] == [image.size for image in images]
    assert len(model.predict(frame.iloc[:0])) == 0
    with pytest.raises(
        MlflowException, match=r"image: there are 12 rows for the task fuse; send 2 to 8 rows"
    ) as error:
        model.predict(frame, params={"task": "fuse"})
    assert "request" not in error.value.message
    frame.loc[11, "image"] = "*"
    with pytest.raises(MlflowException, match="row 11"):
        model.predict(frame)


DEEP = b'{"inputs": ' + b"[" * 10_000 + b"]" * 10_000 + b"}"


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"\xff", b"5", b"[" * 100_000, DEEP])
def test_refuses_what_is_no_request(model, data):
    with pytest.raises(MlflowException) as error:
        scoring_server.invocations(data, "application/json", model, model.metadata.get_input_schema())
    assert error.value.get_http_status_code() == 400
    assert error.value.json_kwargs["field"] == "body"
    assert_clean(error.value.serialize_as_json())


def test_refuses_a_name_that_comes_twice(model):
    data = b'{"inputs": ["AAAA"], "params": {"style": "ink", "style": "monet"}}'
    with pytest.raises(MlflowException, match="more than once") as error:
        scoring_server.invocations(data, "application/json", model, model.metadata.get_input_schema())
    assert error.value.json_kwargs["field"] == "style"


@pytest.mark.parametrize("rows", [5, None, {}, "x", [5], [[1]]])
def test_refuses_rows_that_are_none(post, rows):
    status, text = post({"dataframe_records": rows})
    assert status == 400
    assert_clean(text)


def test_a_fault_of_the_server_tells_the_client_no_details(post, model, monkeypatch):
    def explode(*_):
        raise MemoryError("at /home/secret")

    monkeypatch.setattr(model.unwrap_python_model().predictor.bundle.predictor("stylize"), "predict", explode)
    explode.styles = ["photo", "ink"]
    status, text = post({"dataframe_records": [{"image": encoded(picture())}]})
    assert status == 500
    assert_clean(text)


def test_predict_in_process_is_as_strict(model):
    frame = pd.DataFrame({"image": [encoded(picture())]})
    for params in ({"colour": 1}, {"strength": "0.5"}, {"strength": np.nan}):
        with pytest.raises(MlflowException, match=f"^{next(iter(params))}: "):
            model.predict(frame, params=params)
    assert len(model.predict(frame, params={"strength": np.float32(0.5)})) == 1


def test_other_models_keep_mlflow_own_rules(model, tmp_path):
    class Echo(mlflow.pyfunc.PythonModel):
        def predict(self, context, model_input: pd.DataFrame, params=None) -> pd.DataFrame:
            return model_input

    signature = mlflow.models.infer_signature(pd.DataFrame({"image": ["a"]}), params={"style": "x"})
    mlflow.pyfunc.save_model(tmp_path / "m", python_model=Echo(), signature=signature, pip_requirements=[])
    other = mlflow.pyfunc.load_model(str(tmp_path / "m"))
    frame = pd.DataFrame({"image": ["a"], "more": ["b"]})
    assert list(other.predict(frame, params={"unknown": 1})) == ["image"]
    body = b'{"inputs": {"image": ["a"]}, "more": 1}'
    assert scoring_server.invocations(body, "application/json", other, signature.inputs).status == 200


def test_the_check_is_put_in_front_once(model_folder):
    before = mlflow.pyfunc._validate_prediction_input, scoring_server._parse_json_data
    mlflow.pyfunc.load_model(str(model_folder))
    assert (mlflow.pyfunc._validate_prediction_input, scoring_server._parse_json_data) == before
    assert all(function.checked_by_stylefuse for function in before)


def test_an_mlflow_that_works_otherwise_is_left_alone(model, monkeypatch, caplog):
    def another(data, something_else):
        return data

    monkeypatch.setattr(mlflow.pyfunc, "_validate_prediction_input", another)
    loaded = __import__("sys").modules[type(model.unwrap_python_model()).__module__]
    loaded.refuse_what_mlflow_ignores()
    assert mlflow.pyfunc._validate_prediction_input is another
    assert "ignored" in caplog.text


def test_threads_get_their_own_answers(post):
    bodies = [
        {"dataframe_records": [{"image": encoded(picture(16 + n, 16))}], "params": {"strength": n / 8}}
        for n in range(8)
    ]
    expected = [post(body) for body in bodies]
    found = [None] * len(bodies)
    threads = [
        threading.Thread(target=lambda n=n, body=body: found.__setitem__(n, post(body)))
        for n, body in enumerate(bodies)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == expected
