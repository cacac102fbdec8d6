"""Alignment: what lies still is left alone, what moved is found and moved back, what is foreign is named."""

import cv2
import numpy as np
import pytest
import skimage.data

from stylefuse.images.align import AlignError, SizesDifferError, align, check_alignment

ASTRONAUT, COFFEE = skimage.data.astronaut(), skimage.data.coffee()


def cut(picture: np.ndarray, left: int = 100, top: int = 60, side: int = 256) -> np.ndarray:
    return np.ascontiguousarray(picture[top : top + side, left : left + side])


def exposed(picture: np.ndarray, stops: float) -> np.ndarray:
    light = (picture / 255.0) ** 2.2 * 2**stops
    return np.round(light.clip(0, 1) ** (1 / 2.2) * 255).astype(np.uint8)


def verdicts(pictures) -> list[str]:
    return [finding.verdict for finding in check_alignment(pictures).findings]


def psnr(x: np.ndarray, y: np.ndarray) -> float:
    return float(-10 * np.log10(np.square((x.astype(float) - y) / 255).mean() + 1e-12))


@pytest.mark.parametrize(
    "other",
    [
        cut(ASTRONAUT),
        cv2.GaussianBlur(cut(ASTRONAUT), (0, 0), 2),
        exposed(cut(ASTRONAUT), -2),
        cut(ASTRONAUT).astype(np.uint16) * 257,
        cv2.cvtColor(cut(ASTRONAUT), cv2.COLOR_RGB2GRAY),
    ],
    ids=["equal", "blurred", "darker", "16 bits", "grey"],
)
def test_what_is_in_register_is_seen_so_and_comes_back_untouched(other):
    assert verdicts([cut(ASTRONAUT), other]) == ["registered", "registered"]
    pictures, registration = align([cut(ASTRONAUT), other])
    assert pictures[1].dtype == other.dtype
    assert np.array_equal(pictures[1], other)
    assert registration.crop is None


@pytest.mark.parametrize("shift", [(3, -5), (-8, 2), (12, 12)])
def test_a_shift_is_found_and_undone(shift):
    dx, dy = shift
    pair = [cut(ASTRONAUT), cut(ASTRONAUT, 100 - dx, 60 - dy)]
    second = check_alignment(pair).findings[1]
    assert second.verdict == "shifted"
    assert abs(abs(second.dx) - abs(dx)) < 0.5
    assert abs(abs(second.dy) - abs(dy)) < 0.5
    (first, moved), registration = align(pair)
    assert psnr(first, moved) > 30
    assert registration.crop is not None
    assert first.shape == moved.shape
    assert min(first.shape[:2]) >= 256 - max(abs(dx), abs(dy)) - 4


def test_exposures_four_stops_apart_are_brought_together():
    pair = [exposed(cut(ASTRONAUT), 1.5), exposed(cut(ASTRONAUT, 95, 63), -2.5)]
    (_, moved), registration = align(pair)
    left, top, right, bottom = registration.crop
    truth = exposed(cut(ASTRONAUT), -2.5)[top:bottom, left:right]
    assert psnr(moved, truth) > 30


def test_a_turn_by_a_degree_is_undone():
    turn = cv2.getRotationMatrix2D((256, 256), 1.0, 1.0)
    turned = cv2.warpAffine(ASTRONAUT, turn, (512, 512), flags=cv2.INTER_CUBIC)
    pair = [cut(ASTRONAUT, 128, 128), cut(turned, 128, 128)]
    (first, moved), _ = align(pair)
    assert psnr(first, moved) > psnr(*pair) + 6


def test_another_size_of_the_same_shape_is_brought_to_the_first():
    larger = cv2.resize(cut(ASTRONAUT), (300, 300), interpolation=cv2.INTER_CUBIC)
    with pytest.raises(SizesDifferError):
        check_alignment([cut(ASTRONAUT), larger])
    pictures, _ = align([cut(ASTRONAUT), larger])
    assert pictures[0].shape == pictures[1].shape
    assert psnr(*pictures) > 28


def test_another_shape_is_refused_by_number():
    with pytest.raises(AlignError, match=r"picture 2 \(.*\) has another aspect ratio than the first"):
        align([cut(ASTRONAUT), COFFEE])


def test_another_scene_is_seen_and_refused_by_number():
    foreign = cut(COFFEE, 200, 80)
    assert verdicts([cut(ASTRONAUT), foreign])[1] in ("unrelated", "unsure")
    registered = cut(ASTRONAUT)
    with pytest.raises(AlignError, match="picture 3 "):
        align([cut(ASTRONAUT), registered, foreign])


def test_no_picture_is_refused():
    with pytest.raises(ValueError, match="no picture to align"):
        align([])
