import itertools

import numpy as np
import pytest
from scipy import ndimage
from skimage.color import rgb2lab

from stylefuse.pipelines.sample.colour import lab_to_rgb, luma, rgb_to_lab
from stylefuse.pipelines.sample.crops import choose_crops
from stylefuse.pipelines.sample.drawing import RENDERINGS
from stylefuse.pipelines.sample.fields import edge_direction
from stylefuse.pipelines.sample.photographs import PHOTOGRAPHS

SIZE = 192


@pytest.fixture(scope="module")
def photos():
    return [np.asarray(crop.cut(SIZE)) for crop in choose_crops(PHOTOGRAPHS, "style", 8, [5])]


@pytest.fixture(scope="module")
def rendered(photos):
    return {
        style: [render(photo, np.random.default_rng([5, i])) for i, photo in enumerate(photos)]
        for style, render in RENDERINGS.items()
    }


def _chroma(picture):
    return np.hypot(*np.moveaxis(rgb2lab(picture)[..., 1:], -1, 0)).mean()


def _coarse(picture):
    """Luma at a scale that strokes, hatching and lead do not reach."""
    return ndimage.gaussian_filter(luma(picture), SIZE / 20)[::8, ::8].ravel()


# Glass gives grey panes a lightness of their own, so it keeps the least.
@pytest.mark.parametrize(("style", "least"), [("brush", 0.85), ("glass", 0.65), ("ink", 0.8)])
def test_a_rendering_keeps_the_composition(style, least, photos, rendered):
    for picture, photo in zip(rendered[style], photos, strict=True):
        assert picture.shape == photo.shape
        assert picture.dtype == np.uint8
    coarse = [[_coarse(p) for p in pictures] for pictures in (rendered[style], photos)]
    alike = np.corrcoef(*coarse)[: len(photos), len(photos) :]
    assert np.diag(alike).min() > least
    assert (alike.argmax(1) == np.arange(len(photos))).all()


@pytest.mark.parametrize("style", RENDERINGS)
def test_a_rendering_depends_on_photo_and_generator_alone(style, photos, rendered):
    photo = photos[0].copy()
    again = RENDERINGS[style](photo, np.random.default_rng([5, 0]))
    assert np.array_equal(again, rendered[style][0])
    assert np.array_equal(photo, photos[0])
    other = RENDERINGS[style](photo, np.random.default_rng([6, 0]))
    assert not np.array_equal(other, again)


def _slope(picture):
    """Median change of luma a pixel inside lit areas."""
    lit = ndimage.binary_erosion(picture.max(-1) > 90, iterations=3)
    return np.median(ndimage.gaussian_gradient_magnitude(luma(picture), 0.7)[lit])


@pytest.mark.parametrize("style", RENDERINGS)
def test_strokes_keep_their_size_relative_to_the_picture(style):
    """A rendering of twice the size, halved, is as contrasted at every scale as one of the size."""
    crops = choose_crops(PHOTOGRAPHS, "style", 4, [5])
    bands = []
    for size in (SIZE, 2 * SIZE):
        pictures = [
            RENDERINGS[style](np.asarray(crop.cut(size)), np.random.default_rng([5, i]))
            for i, crop in enumerate(crops)
        ]
        tones = [luma(p) if size == SIZE else _halved(luma(p)) for p in pictures]
        blurred = [[ndimage.gaussian_filter(t, sigma) for sigma in (0.7, 1.4, 2.8, 5.6)] for t in tones]
        bands.append([[(a - b).std() for a, b in itertools.pairwise(each)] for each in blurred])
    once, twice = np.mean(bands, axis=1)
    np.testing.assert_allclose(twice, once, rtol=0.2)


def test_the_fibre_of_the_paper_keeps_its_size_and_contrast():
    sheets = [
        RENDERINGS["ink"](np.full((n, n, 3), 255, np.uint8), np.random.default_rng(0))
        for n in (SIZE, 2 * SIZE)
    ]
    fine, halved = luma(sheets[0]), _halved(luma(sheets[1]))
    deviations = [(t - ndimage.gaussian_filter(t, 4)).std() for t in (fine, halved)]
    np.testing.assert_allclose(*deviations, rtol=0.2)


def _halved(tone):
    return tone.reshape(len(tone) // 2, 2, -1, 2).mean((1, 3))


def test_ink_has_no_colour_and_two_tones(photos, rendered):
    for picture, photo in zip(rendered["ink"], photos, strict=True):
        paper = rgb2lab(picture)
        # Paper and ink lie on one line of hue: what is left is cream, not colour.
        assert np.hypot(paper[..., 1], paper[..., 2]).max() < 22
        between = [((luma(p) > 80) & (luma(p) < 190)).mean() for p in (picture, photo)]
        assert between[0] < 0.45
    assert np.mean([_chroma(p) for p in rendered["ink"]]) < 0.5 * np.mean([_chroma(p) for p in photos])


def test_glass_is_flat_panes_in_dark_lead(rendered):
    for picture in rendered["glass"]:
        assert (picture.max(-1) < 60).mean() > 0.15
        assert np.all(picture[[0, -1]].max(-1) < 90)
    # Away from the lead, a pane is flatter than paint.
    assert np.mean([_slope(p) for p in rendered["glass"]]) < 0.6 * np.mean(
        [_slope(p) for p in rendered["brush"]]
    )


def test_glass_and_brush_are_more_colourful_than_the_photos(photos, rendered):
    plain = np.mean([_chroma(p) for p in photos])
    assert np.mean([_chroma(p) for p in rendered["glass"]]) > 1.1 * plain
    assert np.mean([_chroma(p) for p in rendered["brush"]]) > 1.1 * plain


def test_brush_strokes_follow_the_edges():
    """On a slanted ramp, a painting varies along the slant less than across it."""
    rows, columns = np.mgrid[:SIZE, :SIZE]
    waves = 128 + 90 * np.sin((rows + columns) / 12)
    photo = np.repeat(waves[..., None], 3, -1).astype(np.uint8)
    tone = luma(RENDERINGS["brush"](photo, np.random.default_rng(0)))
    along = np.abs(tone[4:, :-4] - tone[:-4, 4:]).mean()
    across = np.abs(tone[4:, 4:] - tone[:-4, :-4]).mean()
    assert along < 0.7 * across


def test_edge_direction_runs_along_edges_and_is_calm_where_flat():
    rows, columns = np.mgrid[:96, :96]
    slanted = np.sin((rows - columns) / 4).astype(np.float32)
    angle = edge_direction(slanted, 4.0, np.full((96, 96), 2.5, np.float32))[20:-20, 20:-20]
    # Crests of sin(row - column) run down to the right, at 45 degrees with rows counted downwards.
    assert np.abs(np.sin(angle - np.pi / 4)).max() < 0.2
    flat = edge_direction(np.zeros((96, 96), np.float32), 4.0, np.full((96, 96), 2.5, np.float32))
    assert np.abs(np.sin(flat - 2.5)).max() < 1e-3


def test_colours_go_to_lab_and_back():
    colours = np.random.default_rng(0).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    assert np.allclose(rgb_to_lab(colours), rgb2lab(colours), atol=0.05)
    assert np.allclose(lab_to_rgb(rgb_to_lab(colours)), colours, atol=0.1)
