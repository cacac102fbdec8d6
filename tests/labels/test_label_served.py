"""`stylefuse serve --label …`, as an operator starts it: what the results say of themselves."""

import base64
import io
import json

import numpy as np
import pytest
from PIL import Image

from service_support import real_server
from serving_examples import bytes_of, landscape
from stylefuse.images.encoding import encode
from stylefuse.labels.aigc import label_of
from stylefuse.labels.marks import COMPOSITE, Marks, marks_in, packet, packets_of
from stylefuse.labels.verify import Code, verify

pytestmark = pytest.mark.slow
pytest_plugins = ("served_models",)
PHOTO = landscape(240, 160)


@pytest.fixture(scope="module", params=["visible", "metadata", "none"])
def served(request, model_folder, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    with real_server(folder, "--model", str(model_folder), "--label", request.param) as running:
        yield request.param, running


def restyled(running, picture: bytes, **fields) -> tuple[bytes, dict]:
    """The result's file and its report."""
    told = {"image": base64.b64encode(picture).decode(), **fields}
    status, headers, body = running.send(do=told)
    assert status == 200
    return body, json.loads(headers["X-Report"])


@pytest.mark.parametrize("file_format", ["png", "jpeg", "webp"])
def test_a_result_bears_the_label_that_the_operator_chose(served, file_format):
    mode, running = served
    data, report = restyled(running, bytes_of(PHOTO), format=file_format)
    assert report["label"] == mode
    assert verify(data).code == (Code.NOTHING if mode == "none" else Code.UNSIGNED)


def test_the_text_is_in_the_corner_where_it_is_to_be_visible(served):
    mode, running = served
    pixels = np.asarray(Image.open(io.BytesIO(restyled(running, bytes_of(PHOTO))[0])).convert("L"))
    corner = pixels[-16:, -60:]
    assert (corner.max() == 255 and corner.min() < 60) == (mode == "visible")


def test_an_untouched_photo_has_neither_text_nor_label(served):
    _, running = served
    data, report = restyled(running, bytes_of(PHOTO), strength=0)
    assert report["label"] == "none" and verify(data).code == Code.NOTHING
    assert Image.open(io.BytesIO(data)).tobytes() == PHOTO.tobytes()


@pytest.mark.parametrize("strength", [0.0, 1.0])
def test_a_label_of_the_input_is_carried_over_in_every_mode(served, strength):
    mode, running = served
    given = Marks(label_of("Another", "0123abc"), COMPOSITE)
    source, _ = encode(PHOTO, "png", packet=packet(given))
    data, report = restyled(running, source, strength=strength)
    assert marks_in(packets_of(data)).aigc == given.aigc  # byte by byte
    assert report["label"] == ("inherited" if mode == "none" or not strength else mode)
