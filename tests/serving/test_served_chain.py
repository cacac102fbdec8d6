"""A chain of restoring, enlarging and restyling in one request to `stylefuse serve`, with a mask for its first task."""

import json

import numpy as np
import pytest
from PIL import Image
from protocol_cases import FORM_TYPE, form

from service_support import real_server
from serving_examples import bytes_of, decoded, picture

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server(chained_model, tmp_path_factory):
    with real_server(tmp_path_factory.mktemp("server"), "--model", str(chained_model)) as running:
        yield running


def send(server, **fields):
    sent = form(
        *((name, *each) if isinstance(each, tuple) else (name, each) for name, each in fields.items())
    )
    headers = {"Content-Type": FORM_TYPE, "Accept": "application/json"}
    status, _, text = server.send("/v1/restore+upscale+stylize", body=sent, headers=headers)
    return status, json.loads(text)


def test_one_request_restores_enlarges_and_restyles(server):
    photo = picture(64, 48)
    mask = np.zeros((48, 64), np.uint8)
    mask[10:20, 30:40] = 255
    files = {
        "image": (bytes_of(photo), "p.png"),
        "mask": (bytes_of(Image.fromarray(mask)), "m.png"),
    }
    status, answer = send(server, **files, scale="2", style="ink", noise="0", quality="100")
    assert status == 200, answer
    assert decoded(answer["image"]).size == (128, 96)
    report = answer["report"]
    assert report["task"] == "restore+upscale+stylize"
    assert report["given"] == pytest.approx(100 / (48 * 64), abs=1e-6)
    assert (report["scale"], report["style"]) == (2, "ink")


def test_a_mask_of_another_size_is_refused_by_name(server):
    mask = Image.new("L", (10, 10))
    files = {"image": (bytes_of(picture(64, 48)), "p.png"), "mask": (bytes_of(mask), "m.png")}
    status, answer = send(server, **files, style="ink")
    assert (status, answer["field"]) == (400, "mask")
