"""Refusals are plain sentences: what is wrong with which field, and what to send."""

import json

import pytest

from stylefuse.serving.bodies import EXAMPLE, read_body, read_pictures
from stylefuse.serving.request import read_params
from stylefuse.serving.service.forms import read_form
from stylefuse.tasks.validation import RequestError

NAMES = {"styles": ("ink", "monet")}
JSON = "application/json"


def form(task, **fields):
    return lambda: read_form(task, JSON, json.dumps(fields).encode())


@pytest.mark.parametrize(
    ("read", "sentence"),
    [
        (lambda: read_body(b"{"), "body: it is not valid JSON ("),
        (
            lambda: read_body(b'{"params": {}}'),
            "body: it must have exactly one of the keys dataframe_records, dataframe_split, instances, inputs; ",
        ),
        (
            lambda: read_pictures({"dataframe_records": []}),
            f"image: this column is missing, or its values are not text; {EXAMPLE}",
        ),
        (
            lambda: read_params({"mode": "focus"}, NAMES),
            "mode: it has no effect in the task stylize; leave it out",
        ),
        (
            lambda: read_params({"format": "tga"}, NAMES),
            "format: 'tga' is not an allowed value; send one of png, jpeg, webp",
        ),
        (form("stylize"), "image: this field is missing; send the picture in it"),
        (form("fuse", images="x"), "images: it is not a list; send "),
        (
            form("fuse", images=["x", "y"], sharpen=1),
            "sharpen: it only has an effect on pictures that are restyled; send style or strength as well",
        ),
        (
            lambda: read_form("stylize", "multipart/form-data; boundary=x", b"--x"),
            "body: it is not a valid form, or was cut off; send multipart/form-data",
        ),
    ],
)
def test_sentences(read, sentence):
    with pytest.raises(RequestError) as refused:
        read()
    assert str(refused.value).startswith(sentence)
