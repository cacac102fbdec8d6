"""A set in, a picture and an honest report out."""

import json

import numpy as np
import pytest
from PIL import Image

from serving_examples import half_sharp, landscape
from stylefuse.serving.bundle import Bundle
from stylefuse.serving.chain import to_rgb8
from stylefuse.tasks.fuse import TASK
from stylefuse.tasks.fuse import predictor as combine
from stylefuse.tasks.fuse.modes import MODES
from stylefuse.tasks.fuse.params import FuseParams
from stylefuse.tasks.fuse.predictor import FusePredictor
from stylefuse.tasks.fuse.tiled import LargeFused
from stylefuse.tasks.validation import RequestError
from stylefuse.words.report import report_sentences


@pytest.fixture(scope="module")
def fuse(weights, fuser_weights):
    predictor = Bundle({"generator": weights, "fuser": fuser_weights}, device="cpu").predictor("fuse")

    def fuse(pictures, mode="auto", align=False):
        return predictor.predict(pictures, FuseParams(mode=mode, align=align))

    return fuse


@pytest.fixture(scope="module")
def pair() -> list[np.ndarray]:
    return [np.asarray(image) for image in half_sharp(landscape())]


@pytest.fixture(scope="module")
def scene() -> np.ndarray:
    """Large enough, and with edges enough, that a shift of it can be found."""
    random = np.random.default_rng(4)
    pixels = np.full((240, 300, 3), 90, np.uint8)
    for _ in range(120):
        top, left = random.integers(0, 220), random.integers(0, 280)
        pixels[top : top + random.integers(8, 40), left : left + random.integers(8, 40)] = random.integers(
            20, 235, 3
        )
    return pixels


def grey(picture: np.ndarray) -> np.ndarray:
    return np.asarray(Image.fromarray(picture).convert("L"))


def deep(picture: np.ndarray) -> np.ndarray:
    return picture.astype(np.uint16) * 257


@pytest.mark.parametrize(
    ("kinds", "shape", "depth"),
    [
        (("grey", "grey"), (64, 96), np.uint8),
        (("grey", "colour"), (64, 96, 3), np.uint8),
        (("colour", "colour"), (64, 96, 3), np.uint8),
        (("deep grey", "grey"), (64, 96), np.uint16),
        (("colour", "deep grey"), (64, 96, 3), np.uint16),
        (("deep", "deep"), (64, 96, 3), np.uint16),
    ],
)
def test_depth_and_channels_are_those_of_the_inputs(fuse, pair, kinds, shape, depth):
    makers = {"grey": grey, "colour": np.array, "deep": deep, "deep grey": lambda p: deep(grey(p))}
    inputs = [makers[kind](picture) for kind, picture in zip(kinds, pair, strict=True)]
    before = [each.copy() for each in inputs]
    combined = fuse(inputs)
    assert (combined.picture.shape, combined.picture.dtype) == (shape, depth)
    assert all(np.array_equal(a, b) for a, b in zip(inputs, before, strict=True))
    assert to_rgb8(combined.picture).size == (96, 64)


def test_equal_pictures_come_back(fuse, scene):
    for picture in (scene, grey(scene), deep(scene)):
        fused = fuse([picture, picture.copy()], "focus").picture
        error = np.abs(fused.astype(float) - picture).mean() / np.iinfo(picture.dtype).max
        assert error < 1 / 255


def test_weights_say_where_each_place_comes_from(fuse, pair):
    combined = fuse(pair, "focus")
    weights = np.stack(combined.maps["weights"])
    assert weights.shape == (2, 64, 96) and weights.min() >= 0
    assert np.allclose(weights.sum(0), 1, atol=1e-5)
    left, right = weights[0, :, :36].mean(), weights[0, :, 60:].mean()
    assert left > right + 0.1  # the first is sharp on the left
    assert combined.report["pixels_from"] == pytest.approx(weights.mean((1, 2)).tolist(), abs=1e-3)


def test_the_report_is_json_and_complete(fuse, pair):
    report = fuse(pair).report
    assert json.loads(json.dumps(report, allow_nan=False)) == report
    assert report.keys() == {
        "mode",
        "mode_automatic",
        "mode_probabilities",
        "pixels_from",
        "registration",
        "aligned",
        "crop",
        "warnings",
        "warning_facts",
    }
    assert report["mode_automatic"] and not report["aligned"] and report["crop"] is None
    assert report["mode"] == max(report["mode_probabilities"], key=report["mode_probabilities"].get)
    assert set(report["mode_probabilities"]) == set(MODES)


@pytest.mark.parametrize("mode", MODES)
def test_a_mode_asked_for_is_the_mode_used(fuse, pair, mode):
    report = fuse(pair, mode).report
    assert (report["mode"], report["mode_automatic"]) == (mode, False)
    assert report["mode_probabilities"][mode] == 1


@pytest.mark.parametrize(("sure", "expected"), [(0.9, 0), (0.4, 1)])
def test_a_guess_that_is_none_is_a_warning(fuse, pair, monkeypatch, sure, expected):
    rest = (1 - sure) / 4

    def guess(fuser, pictures, mode, device):
        half = np.full((64, 96), 0.5, np.float32)
        return LargeFused(pictures[0], [half, half], {name: rest for name in MODES} | {"noise": sure})

    monkeypatch.setattr(combine, "fuse_any_size", guess)
    warnings = fuse(pair).report["warnings"]
    assert sum("detected as noise" in warning for warning in warnings) == expected
    assert not any("low confidence" in warning for warning in fuse(pair, "noise").report["warnings"])


def shifted(scene: np.ndarray, dx: int, dy: int) -> list[np.ndarray]:
    """Two cuts of the scene; what lies at (x, y) in the first lies at (x + dx, y + dy) in the other."""
    return [scene[20:220, 20:280], scene[20 - dy : 220 - dy, 20 - dx : 280 - dx]]


def test_pictures_that_lie_on_each_other_give_no_warning(fuse, scene):
    report = fuse([scene, (scene * 0.8).astype(np.uint8)], "exposure").report
    assert report["registration"]["verdict"] == "registered" and report["warnings"] == []


def test_a_shift_is_told_and_undone_when_asked(fuse, scene):
    pictures = shifted(scene, 12, 5)
    report = fuse(pictures, "focus").report
    first, second = report["registration"]["pictures"]
    assert (first["verdict"], second["verdict"], report["registration"]["verdict"]) == (
        "registered",
        "shifted",
        "shifted",
    )
    assert (second["dx"], second["dy"]) == pytest.approx((12, 5), abs=1)
    assert report["warnings"] == ["picture 2 seems shifted by 13 px against picture 1: ask for align=true"]

    aligned = fuse(pictures, "focus", align=True)
    assert aligned.report["aligned"] and aligned.report["registration"]["verdict"] == "registered"
    assert (
        aligned.report["registration"]["motions"][0]
        == "unchanged"
        != aligned.report["registration"]["motions"][1]
    )
    assert not any("align=true" in warning for warning in aligned.report["warnings"])
    left, top, right, bottom = aligned.report["crop"]
    assert aligned.picture.shape[:2] == (bottom - top, right - left)
    assert 150 < bottom - top < 200 and 200 < right - left < 260
    expected = pictures[0][top:bottom, left:right]
    assert np.abs(aligned.picture.astype(float) - expected)[8:-8, 8:-8].mean() < 3
    assert json.loads(json.dumps(aligned.report, allow_nan=False)) == aligned.report


def test_pictures_of_two_scenes_are_fused_with_a_warning(fuse, scene):
    other = np.asarray(landscape(300, 240, seed=9))
    report = fuse([scene, other]).report
    assert any("pictures 1 and 2 do not seem to show the same scene" in each for each in report["warnings"])
    assert report["registration"]["pictures"][1]["dx"] is None


def test_a_blend_takes_any_sizes_says_how_they_lie_and_is_labelled(fuse, pair):
    blended = fuse([pair[0], pair[1][:50]], "blend")
    assert blended.picture.shape == pair[0].shape
    report = json.loads(json.dumps(blended.report, allow_nan=False))
    assert report.keys() - fuse(pair).report.keys() == {"seam_difference"}
    assert (report["mode"], report["mode_automatic"]) == ("blend", False)
    assert report["registration"]["verdict"] in ("beside", "below")
    assert sum(report["pixels_from"]) == pytest.approx(1, abs=1e-3)
    assert [TASK.repainted(FuseParams(mode=mode)) for mode in ("blend", "focus", "auto")] == [1, 0, 0]
    assert all(report_sentences(report, language) for language in ("en", "zh"))
    with pytest.raises(RequestError, match="different places"):
        FusePredictor.check(None, FuseParams(mode="blend", align=True))


def test_what_shares_no_seam_is_a_warning(fuse, pair):
    noise = np.random.default_rng(0).integers(0, 2, pair[0].shape, dtype=np.uint8) * 255
    assert any("join may be visible" in each for each in fuse([pair[0], noise], "blend").report["warnings"])


@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
def test_two_scans_on_black_are_found_and_not_for_diagnosis(fuse, depth):
    y, x = np.mgrid[-1:1:128j, -1:1:128j]
    inside, bone = np.hypot(x, y) < 0.7, np.hypot(x, y) < 0.8
    folds = 0.5 + 0.4 * np.sin(9 * x) * np.cos(8 * y)
    pictures = [(bone & ~inside) * 0.9 + inside * 0.3 + inside * 0.1 * (x > 0), inside * folds]
    fused = fuse([(each * np.iinfo(depth).max).astype(depth) for each in pictures])
    assert fused.report["mode"] == "multimodal" and fused.report["not_for_diagnosis"]
    assert fused.picture.dtype == depth and fused.picture.shape == (128, 128)
    assert "not_for_diagnosis" not in fuse([each.astype(depth) for each in pictures], "focus").report


@pytest.mark.parametrize(
    ("make", "code", "words"),
    [
        (lambda a, b: {"pictures": [a]}, "count", ["1 picture", "2 to 8"]),
        (lambda a, b: {"pictures": [a] * 9}, "count", ["9 pictures", "2 to 8"]),
        (lambda a, b: {"pictures": [a, b, b[:, 1:]]}, "sizes", ["picture 3 is 95×64", "align=true"]),
        (lambda a, b: {"pictures": [a[:15], b[:15]]}, "too_small", ["picture 1 is 96×15", "16"]),
        (
            lambda a, b: {"pictures": [a, b[:, :10]], "align": True},
            "too_small",
            ["picture 2 is 10×64", "16"],
        ),
        (lambda a, b: {"pictures": [a, b[:30]], "align": True}, "align_failed", ["picture 2", "crop it"]),
    ],
)
def test_what_cannot_be_fused_is_refused_with_the_remedy(fuse, pair, make, code, words):
    with pytest.raises(RequestError) as error:
        fuse(**make(*pair))
    assert error.value.code == code
    assert all(word in f"{error.value.message}; {error.value.remedy}" for word in words)
    assert error.value.message and error.value.remedy


def test_a_fuser_of_another_generator_is_refused(weights, fuser_weights):
    other = weights._replace(facts={**weights.facts, "fingerprint": "another"})
    with pytest.raises(ValueError, match="another"):
        Bundle({"generator": other, "fuser": fuser_weights})
