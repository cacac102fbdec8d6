"""Restoring a picture: what stays, what is reported, what a mask does, through all the doors."""

import io
import json
import math

import numpy as np
import pytest
import torch
from PIL import Image

from service_support import Client, inline_app
from serving_examples import bytes_of, encoded
from stylefuse._progress import listening
from stylefuse.command_line import main
from stylefuse.model import Model
from stylefuse.networks.weights import write_weights
from stylefuse.serving.bundle import Bundle, Stored
from stylefuse.serving.service.request_handler import RequestHandler
from stylefuse.tasks.restore import TASK
from stylefuse.tasks.restore.config import RestorerConfig
from stylefuse.tasks.restore.detector import Detector
from stylefuse.tasks.restore.network import Restorer, pack_restorer
from stylefuse.tasks.restore.params import RestoreParams
from stylefuse.tasks.validation import RequestError

SMALL = RestorerConfig((4, 8), (4, 4))


def restorer(noise=0.0, compression=0.0, scratches=-3.0, changes=True):
    """One that estimates given levels of grey pictures, and changes what it may."""
    torch.manual_seed(0)
    network = Restorer(SMALL).eval()
    with torch.no_grad():
        network.estimator.layers[-1].weight.zero_()
        network.estimator.layers[-1].bias.copy_(torch.tensor([math.log1p(noise), compression]))
        network.detector.scratches.bias.fill_(scratches)
        if changes:
            network.head.bias.fill_(3.0)
    return network


@pytest.fixture
def bundle(weights):
    def make(**how):
        packed = pack_restorer(restorer(**how), generator="x")
        return Bundle({"generator": weights, "restorer": packed}, "cpu")

    return make


def photo(side=48):
    random = np.random.default_rng(0)
    return Image.fromarray(random.integers(0, 256, (side, side), np.uint8)).convert("RGB")


def mask_of(side=48):
    pixels = np.zeros((side, side), np.uint8)
    pixels[10:20, 12:30] = 255
    return Image.fromarray(pixels)


def run(bundle, mask=None, **params):
    more = {} if mask is None else {"mask": mask}
    return bundle.predictor("restore").predict([photo()], RestoreParams(**params), **more)


def test_an_undamaged_picture_stays_as_it_is_byte_for_byte(bundle):
    result = run(bundle())
    assert np.array_equal(np.asarray(result.picture), np.asarray(photo()))
    assert result.report["noise"]["used"] is result.report["quality"]["used"] is None
    assert result.report["altered"] == 0 and not result.maps["altered"][0].any()


def test_only_the_hole_is_altered_where_there_is_no_other_damage(bundle):
    result = run(bundle(), mask_of())
    hole = np.asarray(mask_of()) > 0
    before, after = np.asarray(photo()), np.asarray(result.picture)
    assert np.array_equal(before[~hole], after[~hole])
    assert (before[hole] != after[hole]).any()
    assert np.array_equal(result.maps["filled"][0], hole)
    assert np.array_equal(result.maps["altered"][0], (before != after).any(2))
    assert result.report["given"] == pytest.approx(hole.mean(), abs=1e-6)


def test_estimates_are_shown_used_and_overruled(bundle):
    noisy = bundle(noise=20.0, compression=0.6)
    report = run(noisy).report
    assert report["noise"] == {"estimated": 20.0, "used": 20.0}
    assert report["quality"] == {"estimated": 40, "used": 40}
    assert run(noisy).report["altered"] > 0.5
    told = run(noisy, noise=7.0, quality=100)
    assert told.report["noise"] == {"estimated": 20.0, "used": 7.0}
    assert told.report["quality"]["used"] is None
    left_alone = run(noisy, noise=0, quality=100)
    assert np.array_equal(np.asarray(left_alone.picture), np.asarray(photo()))


def test_a_relic_keeps_its_grain_unless_a_parameter_says_otherwise(bundle):
    noisy = bundle(noise=20.0, compression=0.6)
    assert run(noisy, preset="relic").report["altered"] == 0
    assert run(noisy, preset="relic", noise=20).report["noise"]["used"] == 20


def test_a_relic_needs_more_certainty_to_call_something_a_scratch(bundle, monkeypatch):
    def seen(detector, x):
        logits = torch.full_like(x[:, :1], -3.0)
        logits[:, :, :, 20:22] = 2.0
        return logits

    monkeypatch.setattr(Detector, "forward", seen)
    likely = bundle()
    made = run(likely, scratches=True)
    assert 0 < made.report["found"] < 0.2
    assert made.maps["filled"][0][:, 20:22].all()
    assert run(likely, scratches=True, preset="relic").report["found"] == 0
    assert run(likely).report["found"] == 0


def test_what_covers_most_of_a_picture_is_no_scratch(bundle):
    assert run(bundle(scratches=2.0), scratches=True).report["found"] == 0


def test_it_says_how_far_it_is(bundle):
    told = []
    with listening(told.append):
        run(bundle(), noise=10.0)
    assert told == sorted(told) and 0 < told[0] < told[-1] == 1


def test_a_wide_hole_is_a_warning(bundle):
    pixels = np.zeros((48, 48), np.uint8)
    pixels[:, :40] = 255
    (warning,) = run(bundle(), Image.fromarray(pixels)).report["warnings"]
    assert "blurred guess" in warning


@pytest.mark.parametrize(
    ("mask", "words"),
    [
        (Image.new("L", (40, 48), 0), "mask: it is 40×48 pixels, the picture 48×48"),
        (Image.new("L", (48, 48), 255), "mask: it is bright everywhere"),
    ],
)
def test_a_mask_that_does_not_fit_is_refused_by_name(bundle, mask, words):
    with pytest.raises(RequestError, match=words):
        run(bundle(), mask)


def test_a_tiny_picture_is_refused(bundle):
    with pytest.raises(RequestError, match="8×8 pixels"):
        bundle().predictor("restore").predict([photo(8)], RestoreParams())


def test_python_takes_a_mask_by_name(bundle):
    model = Model(bundle())
    made = model.restore(photo(), mask=mask_of())
    assert made.info["report"]["given"] > 0
    assert "mask" in str(model.restore.__signature__)
    assert made.info["report"]["label"] == "metadata"
    assert model.restore(photo()).info["report"]["label"] == "none"  # nothing was altered
    assert model.run("restore+stylize", photo(), mask=mask_of()).report["given"] > 0
    with pytest.raises(RequestError, match="unknown parameter 'mask'"):
        model.stylize(photo(), mask=mask_of())
    with pytest.raises(RequestError, match="mask: it goes to restore, which takes it only as the first task"):
        model.run("stylize+restore", photo(), mask=mask_of())


def test_the_service_takes_a_mask_as_a_field(bundle):
    client = Client(inline_app(RequestHandler(Stored(bundle().weights, "0" * 64))))
    asked = {"image": encoded(photo()), "mask": encoded(mask_of())}
    answer = client.post("/v1/restore", json=asked, headers={"Accept": "application/json"})
    assert answer.status_code == 200, answer.text
    assert answer.json()["report"]["given"] > 0
    files = {"image": ("a.png", bytes_of(photo())), "mask": ("b.png", bytes_of(mask_of()))}
    answer = client.post("/v1/restore", files=files, data={"noise": "0"})
    assert json.loads(answer.headers["X-Report"])["given"] > 0
    wrong = {**files, "mask": ("b.png", bytes_of(Image.new("L", (9, 9))))}
    answer = client.post("/v1/restore", files=wrong)
    assert (answer.status_code, answer.json()["field"]) == (400, "mask")
    answer = client.post("/v1/restore", files={**files, "mask": ("b.png", b"no picture")})
    assert answer.json()["field"] == "mask"
    assert "mask" in client.get("/openapi.json").text


def test_the_command_takes_a_mask(bundle, tmp_path, capsys):
    for name, weights in bundle().weights.items():
        write_weights(tmp_path / "model" / f"{name}.safetensors", weights)
    photo().save(tmp_path / "a.png")
    mask_of().save(tmp_path / "m.png")
    line = ["restore", str(tmp_path / "a.png"), "--model", str(tmp_path / "model"), "--json"]
    output = ["-o", str(tmp_path / "b.png")]
    assert main([*line, *output, "--mask", str(tmp_path / "m.png")]) == 0
    assert json.loads(capsys.readouterr().out)["report"]["given"] > 0
    assert main([*line, *output, "--mask", str(tmp_path / "none.png"), "--force"]) == 2
    capsys.readouterr()
    (tmp_path / "text.png").write_text("no picture")
    Image.new("L", (9, 9)).save(tmp_path / "small.png")
    for wrong in (tmp_path / "text.png", tmp_path / "small.png"):
        assert main([*line, *output, "--mask", str(wrong), "--force"]) == 1
        assert json.loads(capsys.readouterr().out)["error"]["message"].startswith(f"--mask {wrong}: ")
    two = ["restore", str(tmp_path / "a.png"), str(tmp_path / "m.png"), *line[2:]]
    assert main([*two, "--mask", str(tmp_path / "m.png")]) == 2


def test_a_batch_writes_what_was_altered_beside_the_result(bundle):
    result = run(bundle(), mask_of())
    ((name, content),) = TASK.batch.files(result, [""]).items()
    altered = np.asarray(Image.open(io.BytesIO(content)))
    assert name == "_altered.png"
    assert np.array_equal(altered > 0, result.maps["altered"][0])
