"""`stylefuse serve --label …`, as an operator starts it: what the results say of themselves."""

import io

import pytest
from PIL import Image

from service_support import real_server
from serving_examples import bytes_of, landscape
from stylefuse.labels.marks import Marks, marks_in, packet, packets_of
from stylefuse.labels.verify import Code, verify

pytestmark = pytest.mark.slow
pytest_plugins = ("served_models",)
SIZE = (240, 160)


@pytest.fixture(scope="module", params=["visible", "metadata", "none"])
def served(request, model_folder, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    with real_server(folder, "--model", str(model_folder), "--label", request.param) as running:
        yield request.param, running


def restyled(running, picture: bytes, style="ink", **fields) -> tuple[bytes, dict]:
    """The result's file and its report."""
    import json
    import urllib.request

    boundary = "edge"
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n'
        for k, v in fields.items()
    ]
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n\r\n'
    body = "".join(parts).encode() + head.encode() + picture + f"\r\n--{boundary}--\r\n".encode()
    url = f"http://127.0.0.1:{running.port}/v1/stylize"
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    with urllib.request.urlopen(urllib.request.Request(url, body, headers)) as answer:
        return answer.read(), json.loads(answer.headers["X-Report"])


@pytest.mark.parametrize("file_format", ["png", "jpeg", "webp"])
def test_a_result_bears_the_label_that_the_operator_chose(served, file_format):
    mode, running = served
    data, report = restyled(running, bytes_of(landscape(*SIZE)), format=file_format)
    verdict = verify(data)
    assert report["label"] == mode
    assert verdict.code == (Code.NOTHING if mode == "none" else Code.UNSIGNED)


def test_the_text_is_in_the_picture_where_it_is_visible(served):
    mode, running = served
    plain, _ = restyled(running, bytes_of(landscape(*SIZE)), strength=0)
    assert (
        Image.open(io.BytesIO(plain)).tobytes() == landscape(*SIZE).tobytes()
    )  # untouched: no text, no label
    assert verify(plain).code == Code.NOTHING
    labelled = Image.open(io.BytesIO(restyled(running, bytes_of(landscape(*SIZE)))[0])).convert("L")
    width, height = SIZE
    corner = labelled.crop((width * 3 // 4, height * 9 // 10, width, height))
    assert (max(corner.getdata()) == 255 and min(corner.getdata()) < 60) == (mode == "visible")


def test_a_label_of_the_input_is_carried_over_in_every_mode(served):
    mode, running = served
    given = (
        marks_in(packets_of(restyled(running, bytes_of(landscape(*SIZE)))[0])) if mode != "none" else Marks()
    )
    if not given:
        from stylefuse.labels.aigc import label_of
        from stylefuse.labels.marks import COMPOSITE

        given = Marks(label_of("Another", "0123abc"), COMPOSITE)
    from stylefuse.images.encoding import encode

    source, _ = encode(landscape(*SIZE), "png", packet=packet(given))
    data, report = restyled(running, source)
    assert marks_in(packets_of(data)).aigc == given.aigc  # byte by byte
    assert report["label"] == ("inherited" if mode == "none" else mode)
