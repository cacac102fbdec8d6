"""Work that is given up in its midst, at whatever place."""

import functools
import io

import pytest
from PIL import ImageFile
from protocol_cases import FORM_TYPE, form

from serving_examples import bytes_of, half_sharp, landscape, picture
from stylefuse._progress import listening
from stylefuse.serving import request
from stylefuse.serving.bundle import read_model
from stylefuse.serving.service.request_handler import RequestHandler
from stylefuse.serving.service.worker import Cancelled, Interruptible, Progress
from stylefuse.tasks.fuse import predictor as combine
from stylefuse.tasks.fuse import tiled as large


@pytest.fixture(scope="module")
def desk(model_folder):
    return RequestHandler(read_model(model_folder))


def ask(kind: str) -> dict:
    return {"kind": kind, "content_type": FORM_TYPE, "json": False, "request_id": "1"}


BODIES = {
    "stylize": form(("image", bytes_of(picture()), "p.png")),
    "fuse": form(*(("images", bytes_of(image), "p.png") for image in half_sharp(landscape(200, 300)))),
}


class Checks:
    """Counts how often it is asked, and says stop at one of them."""

    def __init__(self, stop_at: int = 0):
        self.count, self._stop_at = 0, stop_at

    def __call__(self) -> None:
        self.count += 1
        if self.count == self._stop_at:
            raise Cancelled


def answer(desk, kind: str, checks: Checks):
    with Interruptible(checks):
        return desk.answer(ask(kind), BODIES[kind])


@pytest.mark.parametrize("kind", BODIES)
def test_work_is_given_up_wherever_it_is_and_the_next_is_done_as_ever(desk, kind):
    expected, checks = desk.answer(ask(kind), BODIES[kind]), Checks()
    assert expected.header["status"] == 200
    assert answer(desk, kind, checks) == expected  # asking changes nothing
    assert checks.count > 20
    for stop_at in (1, 2, checks.count // 2, checks.count - 1, checks.count):
        with pytest.raises(Cancelled):
            answer(desk, kind, Checks(stop_at))
        assert answer(desk, kind, Checks()) == expected  # no lock is left behind


def test_large_sets_are_given_up_between_strips(desk, monkeypatch):
    small_work = functools.partial(large.fuse_any_size, work_pixels=10_000)
    monkeypatch.setattr(combine, "fuse_any_size", small_work)
    counts = []
    for height in (600, 2400):
        checks = Checks()
        files = (("images", bytes_of(image), "p.png") for image in half_sharp(landscape(64, height)))
        with Interruptible(checks):
            assert desk.answer(ask("fuse"), form(*files)).header["status"] == 200
        counts.append(checks.count)
    assert counts[1] > counts[0] + 100


def test_work_without_pytorch_is_given_up_where_it_says_how_far_it_is(desk):
    wide = landscape(300, 120)
    parts = [wide.crop((x, 0, x + 140, 120)) for x in (0, 80, 160)]
    body = form(*(("images", bytes_of(part), "p.png") for part in parts))
    with listening(Progress(io.BytesIO(), Checks())):
        assert desk.answer(ask("panorama"), body).header["status"] == 200
    for stop_at in (1, 4, 7):  # the first picture, the first pair, the first one drawn
        with pytest.raises(Cancelled), listening(Progress(io.BytesIO(), Checks(stop_at))):
            desk.answer(ask("panorama"), body)


def test_memory_that_a_decoder_lacks_is_not_taken_for_damage(desk, monkeypatch):
    def load(*_):
        raise MemoryError

    monkeypatch.setattr(ImageFile.ImageFile, "load", load)
    assert desk.answer(ask("stylize"), BODIES["stylize"]).header["code"] == "out_of_memory"


def test_what_is_no_longer_wanted_is_not_taken_for_damage(desk, monkeypatch):
    def decode(*_):
        raise Cancelled

    monkeypatch.setattr(request, "decode", decode)
    with pytest.raises(Cancelled):
        desk.answer(ask("stylize"), BODIES["stylize"])
