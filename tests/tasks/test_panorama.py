"""Panoramas: overlapping pictures become one, others are named, and nothing too large is begun."""

import contextlib
import itertools
import json

import cv2
import numpy as np
import pytest
from PIL import Image

import stylefuse.model
from service_support import Client, inline_app
from serving_examples import bytes_of
from stylefuse._progress import listening
from stylefuse.command_line import main
from stylefuse.networks.weights import write_weights
from stylefuse.serving.bundle import Stored
from stylefuse.serving.service.request_handler import RequestHandler
from stylefuse.tasks.panorama import predictor as panorama_predictor
from stylefuse.tasks.panorama.cameras import Cameras, find_cameras
from stylefuse.tasks.panorama.crop import inner_rectangle
from stylefuse.tasks.panorama.features import find_features, match
from stylefuse.tasks.panorama.params import PanoramaParams
from stylefuse.tasks.panorama.predictor import PanoramaPredictor
from stylefuse.tasks.panorama.surfaces import lay_out
from stylefuse.tasks.validation import RequestError

LEVEL = 120


def wall(width=420, height=180, seed=0) -> np.ndarray:
    """Blobs of all sizes: H×W×3 uint8."""
    random = np.random.default_rng(seed)
    layers = [cv2.GaussianBlur(random.normal(0, 1, (height, width, 3)), (0, 0), s) * s for s in (1.5, 4, 12)]
    return np.clip(LEVEL + 60 * sum(layers), 0, 255).astype(np.uint8)


def views(photo: np.ndarray, count=3, width=200) -> list[np.ndarray]:
    step = (photo.shape[1] - width) // (count - 1)
    return [photo[:, i * step : i * step + width].copy() for i in range(count)]


def join(pictures, **params):
    class Networks:
        lock = contextlib.nullcontext()

    images = [Image.fromarray(each) for each in pictures]
    return PanoramaPredictor(Networks()).predict(images, PanoramaParams(**params))


def turned(photo: np.ndarray, yaw: float, width=160, height=120) -> np.ndarray:
    """What a camera sees that looks `yaw` degrees aside from inside a cylinder; its focal length is its width."""
    x, y = np.meshgrid(np.arange(width) - (width - 1) / 2, np.arange(height) - (height - 1) / 2)
    u = width * (np.arctan2(x, width) + np.radians(yaw)) + photo.shape[1] / 2
    v = width * y / np.hypot(x, width) + photo.shape[0] / 2
    return cv2.remap(photo, u.astype(np.float32), v.astype(np.float32), cv2.INTER_CUBIC)


def test_shifted_parts_become_the_whole_again_in_any_order():
    photo = wall()
    first, second, third = views(photo)
    result = join([second, third, first])
    made = np.asarray(result.picture).astype(int)
    assert abs(made.shape[1] - photo.shape[1]) <= 4 and abs(made.shape[0] - photo.shape[0]) <= 4
    best = cv2.matchTemplate(photo, made[4:-4, 4:-4].astype(np.uint8), cv2.TM_SQDIFF).min()
    assert np.sqrt(best / made.size) < 10  # levels; one px of shift is 30
    assert result.report["used"] == [1, 2, 3] and result.report["warnings"] == []
    verdicts = {tuple(pair["pictures"]): pair["verdict"] for pair in result.report["pairs"]}
    assert verdicts[1, 2] == verdicts[1, 3] == "matched" and result.report["error"] < 0.5
    again = join([second, third, first])
    assert np.array_equal(again.picture, result.picture)  # equal bytes
    weights = result.maps["weights"]
    assert len(weights) == 3 and np.allclose(sum(weights), 1, atol=0.02)


def test_a_camera_that_turns_is_drawn_on_a_cylinder():
    photo = wall(700, 200, seed=3)
    result = join([turned(photo, yaw) for yaw in (-60, -30, 0, 30, 60)])
    assert (result.report["model"], result.report["projection"]) == ("rotation", "cylinder")
    assert result.report["field"][0] == pytest.approx(2 * 26.6 + 120, abs=4) and result.report["error"] < 0.6
    with pytest.raises(RequestError, match="cylinder or sphere"):
        join([turned(photo, yaw) for yaw in (-60, -30, 0, 30, 60)], projection="plane")


def test_a_picture_that_does_not_belong_is_named_or_left_out():
    pictures = [*views(wall(320), 2), wall(200, 180, seed=9)]
    with pytest.raises(
        RequestError, match=r"picture 3 does not overlap with the others; .*partial=true"
    ) as error:
        join(pictures)
    assert "picture 3 is c.jpg" in str(error.value.named(["a.jpg", "b.jpg", "c.jpg"]))
    result = join(pictures, partial=True)
    assert (result.report["used"], result.report["left_out"]) == ([1, 2], [3])
    assert "picture 3 does not belong" in result.report["warnings"][0]


@pytest.mark.parametrize("partial", [False, True])
def test_unrelated_and_plain_pictures_are_refused_with_the_remedy(partial):
    others = [wall(200, 180, seed) for seed in (4, 5, 6)]
    with pytest.raises(RequestError, match=r"no two of the 3 pictures overlap; .*a third of their width"):
        join(others, partial=partial)
    plain = [np.full((90, 120, 3), level, np.uint8) for level in (50, 200)]
    with pytest.raises(RequestError, match="pictures 1 and 2 have too little detail"):
        join(plain, partial=partial)
    with pytest.raises(RequestError, match="picture 2 is 63×90 pixels"):
        join([plain[0], plain[1][:, :63]])


def test_a_panorama_that_would_be_too_large_is_refused_before_it_is_drawn(monkeypatch):
    monkeypatch.setattr(panorama_predictor, "compose", lambda *_: pytest.fail("it was drawn"))
    monkeypatch.setattr(panorama_predictor, "MAX_PIXELS", 40_000)
    with pytest.raises(
        RequestError, match=r"4\d\d×1\d\d pixels, 0.04 megapixels are the limit; send size=0.7"
    ) as error:
        join(views(wall()))
    assert error.value.field == "size"


def test_it_says_how_far_it_is():
    told = []
    with listening(told.append):
        join(views(wall()))
    assert told == sorted(told) and len(set(told)) > 8 and told[-1] == 1


def test_size_makes_it_smaller():
    small = join(views(wall()), size=0.5).picture
    assert small.size == pytest.approx((210, 90), abs=4)


def test_without_cropping_empty_corners_are_black():
    photo = wall(400, 300, seed=2)
    first, second = photo[:220, :240], photo[60:, 140:]
    whole, cropped = join([first, second], crop=False), join([first, second])
    assert whole.report["crop"] is None and whole.picture.size == tuple(whole.report["canvas"])
    assert np.asarray(whole.picture)[2:20, -20:-2].max() == 0
    left, top, right, bottom = cropped.report["crop"]
    assert cropped.picture.size == (right - left, bottom - top)
    assert (np.asarray(cropped.picture).max(2) > 0).mean() > 0.999


def test_brightness_is_made_equal_before_the_seams():
    first, second = views(wall(320, seed=7), 2)
    darker = np.rint(second * 0.75).astype(np.uint8)
    made = cv2.GaussianBlur(np.asarray(join([first, darker]).picture).mean(2), (0, 0), 12)
    truth = cv2.GaussianBlur(wall(320, seed=7).mean(2), (0, 0), 12)
    height, width = np.minimum(made.shape, truth.shape)
    ratio = (made[:height, :width] / truth[:height, :width]).mean(0)
    assert ratio[-40:].mean() / ratio[:40].mean() > 0.93  # 0.75 without


def test_what_moved_is_taken_from_one_picture():
    first, second = views(wall(300, seed=8), 2)  # 100 px are shared
    walker = np.array([250, 20, 20], np.uint8)
    first[60:110, 135:160] = walker
    made = np.asarray(join([first, second], crop=False).picture).astype(int)
    red = np.abs(made - walker).max(2) < 40
    half = (np.abs(made[..., 0] - made[..., 1]) > 60).sum()
    assert red.sum() > 0.8 * 50 * 25 or half < 0.1 * 50 * 25  # whole, or not at all


def test_the_inner_rectangle_is_the_largest():
    random = np.random.default_rng(0)
    for _ in range(20):
        seen = random.random((6, 7)) > 0.3
        left, top, right, bottom = inner_rectangle(seen)
        assert seen[top:bottom, left:right].all()
        ends = itertools.product(*(itertools.combinations(range(n + 1), 2) for n in seen.shape))
        areas = [(b - a) * (d - c) for (a, b), (c, d) in ends if seen[a:b, c:d].all()]
        assert (right - left) * (bottom - top) == max(areas)


def test_a_moved_camera_is_a_plane_and_a_plane_has_no_horizon():
    photo = wall(500, 200, seed=1)
    corners = np.float32([[0, 0], [200, 0], [200, 160], [0, 160]])
    tilted = corners + np.float32([[180, 20], [172, 5], [172, 35], [180, 20]])
    other = cv2.warpPerspective(photo, cv2.getPerspectiveTransform(tilted, corners), (200, 160))
    a, b = find_features(photo[20:180, 80:280]), find_features(other)
    pair = match(0, 1, a, b)
    cameras = find_cameras([pair], [(200, 160), (200, 160)], "plane")
    assert (pair.verdict, cameras.model) == ("matched", "plane") and cameras.error < 0.5
    layout = lay_out(cameras, [(200, 160), (200, 160)], None, 1.0)
    assert layout.surface == "plane" and layout.field is None


def test_a_view_behind_a_plane_does_not_fit_on_it():
    lens = np.diag([1 / 100, 1 / 100, 1.0])
    behind = cv2.Rodrigues(np.array([0, np.pi / 2, 0]))[0] @ lens
    cameras = Cameras("rotation", 0.1, [100.0, 100.0], [lens, behind])
    assert lay_out(cameras, [(90, 90)] * 2, "plane", 1.0) is None
    assert lay_out(cameras, [(90, 90)] * 2, None, 1.0).surface == "cylinder"


@pytest.fixture(scope="module")
def model(weights, tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    write_weights(folder / "generator.safetensors", weights)
    return folder


def test_it_needs_no_weights_and_is_not_labelled_until_it_is_restyled(model):
    loaded = stylefuse.model.load(model, "cpu")
    assert {"panorama", "panorama+stylize"} <= set(loaded.tasks)
    pictures = [Image.fromarray(view) for view in views(wall(300), 2)]
    plain = loaded.panorama(pictures, crop=False)
    assert plain.info["report"]["label"] == "none" and "partial" in loaded.panorama.__doc__
    painted = loaded.run("panorama+stylize", pictures, style="ink", crop=False)
    assert painted.picture.size == plain.size and painted.report["label"] == "metadata"
    assert painted.report["projection"] == "plane" and painted.report["style"] == "ink"


def test_the_command_names_the_file_that_does_not_belong(model, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for name, view in zip("ab", views(wall(300), 2), strict=True):
        Image.fromarray(view).save(f"{name}.png")
    Image.fromarray(wall(200, 180, 9)).save("c.png")
    base = ["panorama", "a.png", "b.png", "c.png", "--model", str(model)]
    assert main([*base, "-o", "wide.png"]) == 1
    assert "picture 3 does not overlap with the others (picture 3 is c.png)" in capsys.readouterr().err
    flags = ["--partial", "--no-crop", "--projection", "cylinder", "--size", "0.5", "--report", "en"]
    assert main([*base, "-o", "wide.png", *flags]) == 0
    assert Image.open("wide.png").width == pytest.approx(150, abs=15)


def test_it_is_a_route_whose_fields_are_its_parameters(weights):
    handler = RequestHandler(Stored({"generator": weights}, "0" * 64))
    handler.warm_up()
    client = Client(inline_app(handler))
    first, second = views(wall(300), 2)
    files = [("images", (f"{i}.png", bytes_of(Image.fromarray(v)))) for i, v in enumerate((first, second))]
    answer = client.post("/v1/panorama", data={"size": "0.5", "crop": "false"}, files=files)
    assert answer.status_code == 200, answer.text
    report = json.loads(answer.headers["x-report"])
    assert report["task"] == "panorama" and report["used"] == [1, 2] and report["label"] == "none"
    tasks = {task["name"]: task for task in client.get("/v1/tasks").json()["tasks"]}
    known = tasks["panorama"]["parameters"]["properties"]
    assert {"projection", "crop", "partial", "size"} <= known.keys()
    other = ("images", ("c.png", bytes_of(Image.fromarray(wall(200, 180, 9)))))
    refused = client.post("/v1/panorama", files=[*files, other])
    assert refused.status_code == 400 and "partial=true" in refused.json()["message"]
