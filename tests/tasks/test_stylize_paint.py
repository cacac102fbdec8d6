"""Painting at any size: drafts, revisions, strips, strength, stroke size."""

import numpy as np
import pytest
import torch
from PIL import Image

from stylefuse.images.io import to_tensor
from stylefuse.networks.config import GeneratorConfig
from stylefuse.networks.generator import Generator, with_strength
from stylefuse.tasks.stylize import draft as drafting
from stylefuse.tasks.stylize import paint as painting
from stylefuse.tasks.stylize.draft import BORDER, smooth_colours
from stylefuse.tasks.stylize.paint import paint, revise, sizes_of
from stylefuse.tasks.stylize.repaint import repaint
from stylefuse.tasks.stylize.reviser import Reviser, load_reviser, pack_reviser
from stylefuse.tasks.stylize.reviser_config import ReviserConfig

STYLE = torch.tensor([[0.0, 1.0, 0.0]])


@pytest.fixture(scope="module")
def generator() -> Generator:
    torch.manual_seed(0)
    made = Generator(3, GeneratorConfig((4, 8, 8), blocks=1)).eval()
    torch.nn.init.normal_(made.head.weight, std=0.1)
    return made.requires_grad_(False)


@pytest.fixture(scope="module")
def reviser() -> Reviser:
    torch.manual_seed(1)
    made = Reviser(3, ReviserConfig(draft_side=48, width=6, blocks=2)).eval()
    torch.nn.init.normal_(made.head.weight, std=0.1)
    return made.requires_grad_(False)


def photo(width: int, height: int) -> Image.Image:
    """Soft patches of colour with fine texture."""
    random = np.random.default_rng(width)
    soft = Image.fromarray(random.integers(0, 256, (6, 8, 3), np.uint8)).resize((width, height), 3)
    return Image.fromarray(
        (np.asarray(soft) // 2 + random.integers(0, 60, (height, width, 3))).astype(np.uint8)
    )


@pytest.mark.parametrize(
    ("size", "side", "expected"),
    [
        ((300, 200), 192.0, [(300, 200)]),
        ((384, 384), 192.0, [(192, 192), (384, 384)]),
        ((400, 300), 192.0, [(256, 192), (400, 300)]),
        ((6000, 4000), 192.0, [(288, 192), (375, 250), (750, 500), (1500, 1000), (3000, 2000), (6000, 4000)]),
        (
            (6000, 4000),
            48.0,
            [
                (72, 48),
                (94, 62),
                (188, 125),
                (375, 250),
                (750, 500),
                (1500, 1000),
                (3000, 2000),
                (6000, 4000),
            ],
        ),
        ((9, 4000), 192.0, [(9, 4000)]),
    ],
)
def test_each_size_is_at_most_twice_the_one_before(size, side, expected):
    assert sizes_of(size, side) == expected


def test_without_a_reviser_the_generator_paints_at_full_size(generator):
    picture = photo(150, 100)
    assert paint(generator, None, picture, STYLE).tobytes() == repaint(generator, picture, STYLE).tobytes()


@torch.inference_mode()
def test_strips_come_to_the_same_as_the_whole(reviser, monkeypatch):
    large, small = photo(333, 247), photo(167, 124)
    whole = revise(reviser, small, large, small, STYLE)
    monkeypatch.setattr(painting, "STRIP_PIXELS", 333 * 32)
    strips = revise(reviser, small, large, small, STYLE)
    difference = np.abs(np.asarray(whole).astype(int) - np.asarray(strips))
    assert difference.max() <= 1  # rounding of sums in another order
    assert (difference > 0).mean() < 1e-3


@torch.inference_mode()
def test_the_look_does_not_depend_on_the_number_of_pixels(generator, reviser):
    """One photo at two sizes is drafted from the same pixels, so both results look alike when they are reduced."""
    large = photo(768, 576)
    small = large.resize((192, 144), Image.Resampling.LANCZOS)
    seen = [
        to_tensor(paint(generator, None if r is None else r, p, STYLE).resize((64, 48), Image.Resampling.BOX))
        for r in (reviser, None)
        for p in (large, small)
    ]
    with_reviser, without = (float((seen[i] - seen[i + 1]).abs().mean()) for i in (0, 2))
    assert with_reviser < without


@torch.inference_mode()
def test_larger_strokes_are_drafted_at_a_smaller_size(generator, reviser, monkeypatch):
    sides = []
    monkeypatch.setattr(
        drafting, "repaint", lambda g, p, rows, whole: sides.append(min(p.size)) or repaint(g, p, rows)
    )
    for stroke_size in (0.25, 0.5, 1.0, 2.0):
        assert paint(generator, reviser, photo(320, 240), STYLE, stroke_size).size == (320, 240)
    assert sides == [s + 2 * BORDER for s in (192, 96, 48, 24)]


@torch.inference_mode()
def test_the_identity_adds_the_photos_detail_and_nothing_else(reviser):
    draft, sharp, soft = (torch.rand(1, 3, 32, 32) for _ in range(3))
    same = reviser(draft, sharp, sharp - soft, torch.tensor([[1.0, 0.0, 0.0]]))
    assert torch.allclose(same, draft + sharp - soft, atol=1e-6)
    half = reviser(draft, sharp, sharp - soft, with_strength(STYLE, 0.5))
    assert not torch.allclose(half, same, atol=1e-3)


def test_a_draft_keeps_the_photos_colours_and_loses_coloured_dots(monkeypatch):
    scene = photo(40, 30)
    assert np.abs(np.asarray(smooth_colours(scene, scene)).astype(int) - np.asarray(scene)).max() <= 1
    dots = np.asarray(scene).astype(int)
    dots[8:24:4, 8:32:4] += (25, -13, 0)  # hardly changes luma
    dotted = Image.fromarray(dots.clip(0, 255).astype(np.uint8))
    smoothed = smooth_colours(dotted, scene)
    left = np.abs(np.asarray(smoothed).astype(int) - np.asarray(scene))
    assert left.max() < 10
    monkeypatch.setattr(drafting, "_BAND", 40 * 7)
    assert smooth_colours(dotted, scene).tobytes() == smoothed.tobytes()


def test_a_frame_of_the_generator_is_cut_off(generator, monkeypatch):
    def framed(generator, picture, rows, whole_pixels):
        pixels = np.array(picture)
        pixels[:3], pixels[-3:], pixels[:, :3], pixels[:, -3:] = 255, 255, 255, 255
        return Image.fromarray(pixels)

    monkeypatch.setattr(drafting, "repaint", framed)
    scene = photo(60, 50)
    drafted = np.asarray(drafting.paint_draft(generator, scene, STYLE, 10**6)).astype(int)
    assert np.abs(drafted - np.asarray(scene)).max() <= 1


def test_weights_keep_their_config_and_their_output(reviser):
    again = load_reviser(pack_reviser(reviser, styles=["photo", "a", "b"]))
    x = torch.rand(1, 3, 16, 24)
    assert again.config == reviser.config
    assert torch.equal(again(x, x, x, STYLE), reviser(x, x, x, STYLE))


def test_weights_of_another_network_are_refused(reviser):
    packed = pack_reviser(reviser, styles=["photo", "a", "b"])
    packed.facts["kind"] = "generator"
    with pytest.raises(ValueError, match="not of a reviser"):
        load_reviser(packed)
