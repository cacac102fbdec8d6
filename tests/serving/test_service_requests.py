"""What a client of `stylefuse serve` sees, through the application itself, without a port and without a worker."""

import base64
import io
import json
import time

import mlflow
import numpy as np
import pytest
from mlflow.exceptions import MlflowException
from mlflow.pyfunc import scoring_server
from PIL import Image
from protocol_cases import cases

import stylefuse
from service_support import Client, inline_app
from serving_examples import (
    assert_clean,
    bad_requests,
    bytes_of,
    encoded,
    half_sharp,
    landscape,
    picture,
)
from stylefuse.images import encoding
from stylefuse.images.files import DEFAULT_LIMITS
from stylefuse.networks.generator import Generator, GeneratorConfig
from stylefuse.networks.weights import Weights
from stylefuse.serving import predictor, request
from stylefuse.serving.bundle import Stored, read_model
from stylefuse.serving.service import errors, openapi, settings
from stylefuse.serving.service.request_handler import RequestHandler
from stylefuse.tasks.fuse.modes import MAX_PICTURES
from stylefuse.tasks.stylize import TASK
from stylefuse.tasks.stylize.params import CONTRASTS, KEPT, SHARPENINGS


@pytest.fixture(scope="module")
def desk(model_folder):
    return RequestHandler(read_model(model_folder))


@pytest.fixture(scope="module")
def client(desk):
    return Client(inline_app(desk))


@pytest.fixture(scope="module")
def model(model_folder):
    return mlflow.pyfunc.load_model(str(model_folder))


def png(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


def test_a_form_gives_the_picture_and_the_report(client):
    photo = picture(40, 30)
    answer = client.post(
        "/v1/stylize", data={"style": "monet", "strength": "0.8"}, files={"image": ("p.png", bytes_of(photo))}
    )
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
    assert (png(answer.content).size, png(answer.content).mode) == ((40, 30), "RGB")
    assert json.loads(answer.headers["x-report"]) == {
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
    assert answer.headers["x-model-version"] == "7"


def test_json_gives_the_same_picture_and_json_when_asked(client):
    fields = {"image": encoded(picture()), "style": "monet", "strength": 0.8}
    plain = client.post("/v1/stylize", json=fields)
    told = client.post(
        "/v1/stylize", json=fields, headers={"Accept": "application/json", "X-Request-ID": "a-1"}
    )
    by_form = client.post(
        "/v1/stylize", data={"style": "monet", "strength": "0.8"}, files={"image": ("p", bytes_of(picture()))}
    )
    assert plain.content == by_form.content == base64.b64decode(told.json()["image"])
    assert told.json()["report"] == json.loads(plain.headers["x-report"])
    assert told.json()["request_id"] == told.headers["x-request-id"] == "a-1"


def test_all_knobs_by_form_and_by_json_are_one(client):
    knobs = {"style": "monet:0.6,ink:0.2", "preserve_color": "luma", "contrast": 1.25, "sharpen": 0.5}
    by_json = client.post("/v1/stylize", json={"image": encoded(landscape()), **knobs})
    data = {name: str(value) for name, value in knobs.items()}
    by_form = client.post("/v1/stylize", data=data, files={"image": ("p", bytes_of(landscape()))})
    plain = client.post("/v1/stylize", json={"image": encoded(landscape())})
    assert by_json.content == by_form.content != plain.content
    assert json.loads(by_form.headers["x-report"]) == {
        **{"task": "stylize", "format": "png", "strength": 1.0, "label": "metadata", **knobs},
        **{"style": "ink:0.25,monet:0.75", "styles": {"ink": 0.25, "monet": 0.75}},
    }


def test_what_is_off_leaves_the_bytes(client):
    off = {"preserve_color": "none", "contrast": 1, "sharpen": 0}
    plain, told = (client.post("/v1/stylize", json={"image": encoded(picture()), **o}) for o in ({}, off))
    assert plain.content == told.content


def test_strength_0_returns_the_pixels(client):
    photo = picture(33, 21)
    answer = client.post("/v1/stylize", data={"strength": "0"}, files={"image": ("p", bytes_of(photo))})
    assert np.array_equal(png(answer.content), photo)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"style": "ink"},
        {"align": "true", "mode": "focus", "strength": "0.5"},
        {"style": "ink:1,monet:3", "preserve_color": "match", "contrast": "1.5", "sharpen": "1"},
    ],
)
def test_pictures_are_fused_and_restyled_when_a_look_is_given(client, fields):
    files = [("images", (f"{n}.png", bytes_of(image))) for n, image in enumerate(half_sharp(landscape()))]
    answer = client.post("/v1/fuse", data=fields, files=files)
    report = json.loads(answer.headers["x-report"])
    assert answer.status_code == 200 and len(report["pixels_from"]) == 2
    assert report["task"] == ("fuse+stylize" if {"style", "strength"} & fields.keys() else "fuse")
    assert report["aligned"] == ("align" in fields)
    if "contrast" in fields:
        assert report["styles"] == {"ink": 0.25, "monet": 0.75}
        assert (report["preserve_color"], report["contrast"], report["sharpen"]) == ("match", 1.5, 1.0)


def test_16_bits_in_16_bits_out(client):
    deep = [
        Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 257)
        for image in half_sharp(landscape())
    ]
    answer = client.post("/v1/fuse", json={"images": [encoded(image) for image in deep]})
    assert png(answer.content).mode.startswith("I;16")


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in cases()])
def test_protocol(client, case):
    answer = client.request(case.method, case.path, content=case.body, headers=case.headers)
    assert answer.status_code == case.status, answer.text[:300]
    if case.status != 200 and case.method != "HEAD":
        body = answer.json()
        assert body.keys() == {"code", "message", "field", "request_id"} | (
            {"remedy", "error_code", "pictures"} & body.keys()
        )
        assert (body["code"], body["field"]) == (case.code, case.field)
        assert case.words in body["message"] and body["request_id"] == answer.headers["x-request-id"]
        assert_clean(answer.text)


@pytest.fixture
def by_mlflow(model):
    """Status and body of what MLflow's server answers to a body of bytes."""

    def post(data):
        try:
            schema = model.metadata.get_input_schema()
            answer = scoring_server.invocations(data, "application/json", model, schema)
            return answer.status, answer.response
        except MlflowException as error:
            return error.get_http_status_code(), error.serialize_as_json()

    return post


def test_a_request_has_at_most_eight_rows(client):
    answer = client.post("/invocations", json={"inputs": [encoded(picture())] * 9})
    assert (answer.status_code, answer.json()["code"]) == (400, "count")
    assert answer.json()["message"] == (
        "image: there are 9 rows for the task stylize; send 1 to 8 rows, each with its picture"
    )


INVOCATIONS = {
    "dataframe_records": [{"image": encoded(picture())}, {"image": encoded(picture(9, 31))}],
    "dataframe_split": {"columns": ["image"], "data": [[encoded(picture())]]},
    "inputs": [encoded(picture())],
    "instances": [{"image": encoded(picture())}],
}


@pytest.mark.parametrize("name", INVOCATIONS)
def test_invocations_are_answered_as_by_mlflow(client, by_mlflow, name):
    for params in ({}, {"params": None}, {"params": {"style": "monet", "strength": 0.5}}):
        body = json.dumps({name: INVOCATIONS[name], **params}).encode()
        answer = client.post("/invocations", content=body, headers={"Content-Type": "application/json"})
        assert (answer.status_code, answer.text) == by_mlflow(body)


@pytest.mark.parametrize("inputs", [{"image": [encoded(picture())]}, {"image": encoded(picture())}])
def test_named_inputs_are_answered_as_by_mlflow(client, by_mlflow, inputs):
    body = json.dumps({"inputs": inputs}).encode()
    answer = client.post("/invocations", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.text) == by_mlflow(body)


def test_a_set_is_fused_as_by_mlflow(client, by_mlflow):
    rows = [{"image": encoded(image)} for image in half_sharp(landscape())]
    body = json.dumps({"dataframe_records": rows, "params": {"task": "fuse+stylize", "align": True}}).encode()
    answer = client.post("/invocations", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.text) == by_mlflow(body)


@pytest.mark.parametrize(("body", "field", "words"), bad_requests())
def test_invocations_are_refused_as_by_mlflow(client, by_mlflow, body, field, words):
    data = json.dumps(body).encode()
    answer = client.post("/invocations", content=data, headers={"Content-Type": "application/json"})
    status, text = by_mlflow(data)
    assert answer.status_code == status == 400
    theirs, ours = json.loads(text), answer.json()
    assert all(theirs[name] == ours[name] for name in ("error_code", "message", "field", "remedy"))
    assert ours["field"] == field and words in ours["message"] and ours["code"]
    assert_clean(answer.text)


@pytest.mark.parametrize(
    "rows", [5, None, {}, "x", [5], [[1]], [[]], [{}, {}], [None], ["a", {"image": "a"}]]
)
@pytest.mark.parametrize("name", INVOCATIONS)
def test_rows_that_are_none_are_refused(client, by_mlflow, name, rows):
    data = json.dumps({name: rows}).encode()
    answer = client.post("/invocations", content=data, headers={"Content-Type": "application/json"})
    assert answer.status_code == by_mlflow(data)[0] == 400
    assert_clean(answer.text)


def test_limits_are_the_same_wherever_they_stand():
    assert settings.PICTURE_BYTES == request.MAX_BYTES == DEFAULT_LIMITS.max_bytes
    assert DEFAULT_LIMITS.max_pixels == request.MAX_PIXELS
    assert request.MAX_ROWS == MAX_PICTURES
    limits = f"at most {request.MAX_BYTES // 10**6} MB and {request.MAX_PIXELS // 10**6} megapixels"
    assert limits in openapi.DESCRIPTION
    # A request with as many pictures as it may have, each half as large as it may be.
    assert settings.Settings().body_bytes >= request.MAX_ROWS * request.MAX_BYTES // 2


def test_styles_and_the_schema_tell_what_there_is(client):
    about = client.get("/v1/styles").json()
    assert (about["styles"], about["version"]) == (["ink", "monet"], "7")
    assert "fuse+stylize" in about["tasks"] and about["modes"][0] == "auto"
    schema = client.get("/openapi.json").json()
    assert schema["info"]["version"] == stylefuse.__version__
    schema = schema["paths"]
    for path, field in (("/v1/stylize", "image"), ("/v1/fuse", "images")):
        body = schema[path]["post"]["requestBody"]["content"]
        assert body.keys() == {"multipart/form-data", "application/json"}
        assert all(field in kind["schema"]["required"] for kind in body.values())
    fields = schema["/v1/stylize"]["post"]["requestBody"]["content"]["application/json"]["schema"][
        "properties"
    ]
    assert fields.keys() == {"image", "format", "explain", *TASK.specs}
    assert fields["format"]["enum"] == list(encoding.FORMATS)
    types = schema["/v1/stylize"]["post"]["responses"]["200"]["content"]
    assert types.keys() == {*encoding.MIME_TYPES.values(), "application/json"}
    refusals = schema["/v1/stylize"]["post"]["responses"].keys()
    assert {"403", "421", *map(str, errors.STATUS.values())} <= refusals
    assert fields["preserve_color"]["enum"] == list(KEPT)
    for name, bounds in (("contrast", CONTRASTS), ("sharpen", SHARPENINGS)):
        assert (fields[name]["minimum"], fields[name]["maximum"]) == bounds
        assert fields[name]["default"] == TASK.specs[name].default
    assert client.get("/docs").status_code == 404  # it would load scripts from elsewhere


def test_styles_of_any_name_are_told_and_asked_for(weights):
    """A decomposed name as a Mac's folders have, a number, and bytes that are no UTF-8."""
    names = ["photo", "Cafe\u0301", "1905", "caf\udce9"]
    generator = Generator(len(names), GeneratorConfig((4, 8), 1))
    facts = {**weights.facts, "styles": names}
    client = Client(
        inline_app(RequestHandler(Stored({"generator": Weights(generator.state_dict(), facts)}, "0" * 64)))
    )
    assert client.get("/v1/styles").json()["styles"] == names[1:]
    for sent, name in (("Caf\u00e9", names[1]), (1905, "1905"), ("1905", "1905"), ("caf\udce9", "caf\udce9")):
        body = json.dumps({"image": encoded(picture()), "style": sent}).encode()
        answer = client.post("/v1/stylize", content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code == 200, answer.text
        assert json.loads(answer.headers["x-report"])["style"] == name


@pytest.mark.parametrize(
    "error", [MemoryError("at /home/secret"), ValueError("at /home/secret"), RuntimeError("x")]
)
def test_a_fault_of_the_model_tells_the_client_no_details(client, desk, monkeypatch, error):
    def explode(*_):
        raise error

    monkeypatch.setattr(desk.predictor.bundle.predictor("stylize"), "predict", explode)
    answer = client.post("/v1/stylize", json={"image": encoded(picture())})
    expected = (503, "out_of_memory") if isinstance(error, MemoryError) else (500, "internal")
    assert (answer.status_code, answer.json()["code"]) == expected
    assert_clean(answer.text)
    assert client.post("/invocations", json={"inputs": [encoded(picture())]}).status_code == expected[0]


def test_a_model_that_returns_nan_gives_no_picture(client, desk, monkeypatch):
    generator = desk.predictor.bundle.generator
    monkeypatch.setattr(generator, "forward", lambda x, style: x * float("nan"))
    answer = client.post("/v1/stylize", json={"image": encoded(picture())})
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    monkeypatch.undo()
    assert client.post("/v1/stylize", json={"image": encoded(picture())}).status_code == 200


def test_a_report_with_nan_is_a_fault(client, desk, monkeypatch):
    answer = predictor.Response(b"png", {"task": "fuse", "share": float("nan")}, 1)
    monkeypatch.setattr(desk.predictor, "predict", lambda *_: [answer])
    assert client.post("/v1/stylize", json={"image": encoded(picture())}).status_code == 500


def test_a_clock_that_jumps_changes_nothing(client, monkeypatch):
    now = iter(range(0, 10**9, 100_000))
    monkeypatch.setattr(time, "time", lambda: float(next(now)))
    assert client.post("/v1/stylize", json={"image": encoded(picture())}).status_code == 200


def test_request_ids_are_echoed_or_made(client):
    assert client.get("/live", headers={"X-Request-ID": "my.id-1"}).headers["x-request-id"] == "my.id-1"
    for bad in ("", "a b", "x" * 65, "a\tb"):
        made = client.get("/live", headers={"X-Request-ID": bad}).headers["x-request-id"]
        assert made != bad and len(made) == 32


def test_without_the_token_nobody_gets_in(desk):
    client = Client(inline_app(desk, token="secret-1"))
    good = {"json": {"image": encoded(picture())}}
    for headers in (
        {},
        {"Authorization": "secret-1"},
        {"Authorization": "Bearer secret-2"},
        {"Authorization": "Bearer é"},
    ):
        headers = {name: value.encode("latin-1") for name, value in headers.items()}
        answer = client.post("/v1/stylize", headers=headers, **good)
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
        assert answer.headers["www-authenticate"] == "Bearer"
        assert {
            client.get(path, headers=headers).status_code for path in ("/metrics", "/v1/styles", "/x")
        } == {401}
    headers = {"Authorization": "Bearer secret-1"}
    assert client.post("/v1/stylize", headers=headers, **good).status_code == 200
    assert {client.get(path).status_code for path in ("/live", "/ready")} == {200}


def test_metrics_count_what_happened(desk):
    client = Client(inline_app(desk))
    client.post("/v1/stylize", json={"image": encoded(picture(100, 50))})
    client.post("/v1/stylize", json={"image": "*"})
    client.post("/v1/fuse", json={"images": [encoded(landscape())] * 2, "style": "ink"})
    client.post("/v1/stylize", content=b"")
    lines = client.get("/metrics").text.splitlines()
    for line in (
        'stylefuse_requests_total{code="200",task="stylize"} 1.0',
        'stylefuse_requests_total{code="400",task="stylize"} 1.0',
        'stylefuse_requests_total{code="200",task="fuse+stylize"} 1.0',
        'stylefuse_requests_total{code="415",task="stylize"} 1.0',
        'stylefuse_refused_total{reason="not_base64"} 1.0',
        'stylefuse_refused_total{reason="unsupported_type"} 1.0',
        'stylefuse_input_megapixels_total{task="stylize"} 0.005',
        'stylefuse_request_seconds_count{task="stylize"} 3.0',
        'stylefuse_model_info{version="7"} 1.0',
        "stylefuse_requests_in_flight 0.0",
        "stylefuse_queue_depth 0.0",
    ):
        assert line in lines
    assert any(line.startswith("stylefuse_server_process_resident_memory_bytes") for line in lines)
