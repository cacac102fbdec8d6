"""Measured at viewing size: what the scores, sizes and counts are, with restylers whose answer is known."""

import numpy as np
import pytest
import torch
from PIL import Image, ImageFilter

from stylefuse.evaluation.settings import Settings
from stylefuse.evaluation.viewing import Judges, at_size, busiest, measure_views, view_of, view_paintings

SETTINGS = Settings(halvings=4, bootstrap_repeats=20, directions=50)
PHOTOS, PAINTINGS, VIEW = 6, 12, 64


def _noise(seed: int, width: int, height: int) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    return Image.fromarray(pixels)


def _photo(seed: int, width: int = 200, height: int = 150) -> Image.Image:
    return _noise(seed, width, height).filter(ImageFilter.GaussianBlur(3))


def _striped(photo: Image.Image, period: float = 12) -> Image.Image:
    """A photo with vertical strokes of a width in px."""
    wave = 60 * np.sin(2 * np.pi * np.arange(photo.width) / period)[None, :, None]
    return Image.fromarray((np.asarray(photo) + wave).clip(0, 255).astype(np.uint8))


def _painting(seed: int, width: int = 200, height: int = 150) -> Image.Image:
    return _striped(_photo(seed, width, height))


def _darkness(x: torch.Tensor) -> torch.Tensor:
    """Logits of two classes: the second for dark pictures."""
    light = x.mean((1, 2, 3))
    return torch.stack([light, -light], 1) * 20


JUDGES = Judges(_darkness, [0, 1], size=32)


@pytest.fixture(scope="module")
def photos() -> list[Image.Image]:
    return [_photo(i) for i in range(PHOTOS)]


@pytest.fixture(scope="module")
def paintings():
    return view_paintings({"stripes": [_painting(100 + i) for i in range(PAINTINGS)]}, [VIEW], JUDGES)


def _measure(photos, restyle, paintings, sizes=(VIEW, 128), **more):
    return measure_views(photos, restyle, paintings, sizes, JUDGES, SETTINGS, **more)


def test_untouched_photos_score_0_and_keep_everything(photos, paintings):
    for cell in _measure(photos, lambda photo, row: photo, paintings):
        assert cell["strokes"]["score"] == cell["spectrum"]["score"] == 0
        assert cell["ssim"] == pytest.approx(1) and cell["edges"] == pytest.approx(1)
        assert cell["judge"]["accuracy_fakes"] == cell["judge"]["accuracy_photos"]


def test_paintings_as_results_score_about_1(photos, paintings):
    results = iter([_painting(200 + i) for i in range(PHOTOS)])

    def restyle(photo: Image.Image, row: int) -> Image.Image:
        return at_size(next(results), min(photo.size))

    (cell,) = _measure(photos, restyle, paintings, sizes=[128])
    assert cell["strokes"]["score"] == pytest.approx(1, abs=0.2)
    assert cell["spectrum"]["score"] == pytest.approx(1, abs=0.2)
    assert cell["ssim"] < 0.3 and cell["edges"] < 0.3


def test_strokes_that_shrink_with_the_pixels_are_lost_in_the_view(photos, paintings):
    def scores(period: float) -> list[float]:
        (cell,) = _measure(photos, lambda x, row: _striped(x, period), paintings, sizes=[600], enlarge=True)
        return [cell[name]["score"] for name in ("strokes", "spectrum")]

    assert min(scores(12 * 600 / 150)) > 0.7, "as wide in the picture as those of the paintings"
    assert max(scores(12)) < 0.3, "as many pixels wide as those of the paintings"


def test_there_is_a_cell_for_each_size_and_smaller_view(photos):
    references = view_paintings({"stripes": [_painting(i) for i in range(4)]}, [VIEW, 96], JUDGES)
    cells = _measure(photos[:2], lambda photo, row: photo, references, sizes=[VIEW, 96, 128])
    assert [(c["view"], c["size"]) for c in cells] == [
        (VIEW, VIEW),
        (VIEW, 96),
        (VIEW, 128),
        (96, 96),
        (96, 128),
    ]


def test_small_photos_are_left_out_or_enlarged_and_counted(photos, paintings):
    few = [*photos[:3], _photo(9, 400, 300)]
    assert [c["photos"] for c in _measure(few, _same, paintings, sizes=[VIEW, 256])] == [4, 1]
    cells = _measure(few, _same, paintings, sizes=[VIEW, 256], enlarge=True)
    assert [(c["photos"], c["photos_enlarged"]) for c in cells] == [(4, 0), (4, 3)]
    assert _measure(photos, _same, paintings, sizes=[256]) == []


def test_enlarged_paintings_are_counted(photos):
    pictures = [_painting(0, 50, 40), _painting(1, 100, 80), _painting(2, 300, 200), _painting(3, 64, 64)]
    references = view_paintings({"stripes": pictures}, [VIEW, 96], JUDGES)
    cells = _measure(photos[:2], _same, references, sizes=[128])
    assert [(c["view"], c["paintings"], c["paintings_enlarged"]) for c in cells] == [(VIEW, 4, 1), (96, 4, 3)]


def test_each_style_has_its_own_row_and_the_judges_its_class(photos):
    references = view_paintings({"dark": [_photo(0)] * 4, "light": [_photo(1)] * 4}, [VIEW], JUDGES)
    seen = []

    def restyle(photo: Image.Image, row: int) -> Image.Image:
        return photo.point(lambda level: level // 4 if row == 1 else 255 - level // 4)

    judges = JUDGES._replace(classes=[0, 1, 0])
    cells = measure_views(
        photos[:2],
        restyle,
        references,
        [VIEW],
        judges,
        SETTINGS,
        watch=lambda i, size, row, photo, result: seen.append((i, size, row, result.size == photo.size)),
    )
    assert [(c["style"], c["judge"]["accuracy_fakes"]) for c in cells] == [("dark", 1), ("light", 1)]
    assert seen == [(i, VIEW, row, True) for i in range(2) for row in (1, 2)]


def test_a_patch_judge_is_asked_where_there_is_one(photos, paintings):
    assert "patches" not in _measure(photos[:2], _same, paintings, sizes=[VIEW])[0]
    judges = JUDGES._replace(patches=lambda x: torch.tensor([[0.0, 9.0]]).expand(len(x), -1))
    references = view_paintings({"stripes": [_painting(i) for i in range(4)]}, [VIEW], judges)
    (cell,) = measure_views(photos[:2], _same, references, [VIEW], judges, SETTINGS)
    assert cell["patches"]["accuracy_fakes"] == 1


def test_a_result_of_another_size_is_refused(photos, paintings):
    with pytest.raises(ValueError, match="was restyled to"):
        _measure(photos, lambda photo, row: photo.resize((90, 90)), paintings)


def test_a_view_is_the_central_square_and_antialiased():
    picture = Image.new("RGB", (300, 100))
    stripes = np.tile(np.array([[0], [255]], np.uint8), (50, 100))
    picture.paste(Image.fromarray(stripes).convert("RGB"), (100, 0))
    view = view_of(picture, 50)
    assert view.shape == (3, 50, 50)
    assert view[:, 2:-2].abs().max() < 0.1, "black and white rows are grey from afar, black sides cut off"


def test_the_busiest_place_is_found_and_lies_inside():
    picture = Image.new("RGB", (400, 300), "grey")
    picture.paste(_noise(0, 60, 60), (325, 205))
    box = busiest(picture, 80)
    assert box[0] <= 325 and box[1] <= 205 and box[2] >= 385 and box[3] >= 265
    left, top, right, bottom = busiest(picture, 999)
    assert (right - left, bottom - top) == (300, 300) and right <= 400


def _same(photo: Image.Image, row: int) -> Image.Image:
    return photo
