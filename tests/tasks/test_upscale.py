"""Enlarging: bicubic at the start, the small picture again when made smaller, any size, and refusals."""

import threading
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from stylefuse.images.io import to_image, to_tensor
from stylefuse.metrics.similarity import psnr
from stylefuse.tasks.params import Kind
from stylefuse.tasks.upscale import TASK
from stylefuse.tasks.upscale.config import SCALES, UpscalerConfig
from stylefuse.tasks.upscale.head import UPSCALER
from stylefuse.tasks.upscale.network import MOST_NOISE, Upscaler, load_upscaler, pack_upscaler
from stylefuse.tasks.upscale.options import UpscaleOptions
from stylefuse.tasks.upscale.pairs import add_noise, compress, make_pairs
from stylefuse.tasks.upscale.params import UpscaleParams
from stylefuse.tasks.upscale.predictor import MAX_PIXELS, UpscalePredictor
from stylefuse.tasks.upscale.resampling import as_levels, back_project, enlarge, reduce
from stylefuse.tasks.upscale.tiled import enlarge_any_size
from stylefuse.tasks.validation import RequestError
from support import lively_generator

SMALL = UpscalerConfig(width=8, convs=2)


@pytest.fixture(scope="module")
def lively():
    """An upscaler whose residuals are not zero, and whose detailed networks differ from the faithful ones."""
    torch.manual_seed(3)
    upscaler = Upscaler(SMALL)
    for nets in (upscaler.faithful, upscaler.detailed):
        for net in nets.values():
            torch.nn.init.normal_(net.last.weight, std=0.02)
    return upscaler.eval().requires_grad_(False)


def scene(height, width, seed=0):
    """Soft shapes with edges and grain, RGB."""
    random = np.random.default_rng(seed)
    coarse = Image.fromarray(random.integers(0, 256, (height // 6, width // 6, 3), np.uint8))
    soft = np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC), np.int16)
    soft[height // 3 : height // 2, width // 4 : width // 2] = (200, 40, 90)
    return Image.fromarray((soft + random.integers(-6, 7, soft.shape)).clip(0, 255).astype(np.uint8))


@pytest.mark.parametrize("scale", SCALES)
def test_an_untrained_network_is_bicubic_enlargement(scale):
    x = to_tensor(scene(20, 30))[None]
    made = Upscaler()(x, torch.tensor([0.3]), scale)
    assert torch.equal(made, enlarge(x, scale))


@pytest.mark.parametrize("scale", SCALES)
def test_resampling_is_that_of_pillow(scale):
    plane = to_tensor(scene(48, 64))[:1]
    for size, ours in ((scale, enlarge), (1 / scale, reduce)):
        sides = round(64 * size), round(48 * size)
        theirs = Image.fromarray(plane[0].numpy()).resize(sides, Image.Resampling.BICUBIC)
        assert np.allclose(ours(plane[None], scale)[0, 0], theirs, atol=1e-5)


@pytest.mark.parametrize("scale", SCALES)
def test_made_smaller_the_result_is_the_picture_again(lively, scale):
    picture = scene(40, 60)
    for detail in (0.0, 1.0):
        made = enlarge_any_size(lively, picture, scale, detail=detail)
        back = as_levels(reduce(to_tensor(made)[None], scale))
        assert psnr(back, to_tensor(picture)[None]) > 50


def test_a_correction_leaves_what_lies_within_the_tolerance():
    small = torch.zeros(1, 3, 8, 8)
    large = torch.full((1, 3, 16, 16), 0.1)
    assert torch.equal(back_project(large, small, 0.2), large)
    assert back_project(large, small, 0.05).mean() == pytest.approx(0.05, abs=1e-3)


@pytest.mark.parametrize("scale", SCALES)
def test_tiles_come_to_the_same_as_the_whole(lively, scale):
    picture = scene(90, 75)
    whole = enlarge_any_size(lively, picture, scale, denoise=0.2, detail=0.4, tile=100)
    tiles = enlarge_any_size(lively, picture, scale, denoise=0.2, detail=0.4, tile=40)
    assert np.abs(whole.astype(int) - tiles).max() <= 1
    assert (whole != tiles).mean() < 1e-3


def test_without_denoise_grain_stays(lively):
    grey = Image.fromarray(np.full((48, 48, 3), 128, np.uint8))
    grainy = to_image(add_noise(to_tensor(grey), 8, np.random.default_rng(1)))
    made = enlarge_any_size(lively, grainy, 2)
    back = np.asarray(to_image(reduce(to_tensor(made)[None], 2)[0]), float)
    assert back.std() == pytest.approx(np.asarray(grainy, float).std(), rel=0.05)


def test_detail_between_is_interpolated(lively):
    ends = [lively.residual(2, share).last.weight for share in (0.0, 1.0)]
    assert torch.allclose(lively.residual(2, 0.25).last.weight, torch.lerp(*ends, 0.25))
    assert not torch.equal(*ends)


def test_pairs_know_how_much_they_were_spoilt():
    truth = torch.stack([to_tensor(scene(64, 64, seed)) for seed in range(6)])
    clean, spoilt = (make_pairs(truth, 2, share, np.random.default_rng(0)) for share in (0.0, 0.99))
    assert torch.equal(clean.small, as_levels(reduce(truth, 2))) and not clean.level.any()
    deviation = (spoilt.small - clean.small).square().mean((1, 2, 3)).sqrt() * 127.5
    assert torch.allclose(spoilt.level, (deviation / MOST_NOISE).clamp(max=1))
    assert (compress(truth[0], 20) - truth[0]).abs().mean() > (compress(truth[0], 95) - truth[0]).abs().mean()


def test_packed_and_loaded_it_is_the_same(lively):
    loaded = load_upscaler(pack_upscaler(lively, fingerprint="f"))
    x = to_tensor(scene(12, 12))[None]
    assert torch.equal(loaded(x, torch.zeros(1), 4, 0.5), lively(x, torch.zeros(1), 4, 0.5))
    with pytest.raises(ValueError, match="of a fuser, not of an upscaler"):
        load_upscaler(pack_upscaler(lively)._replace(facts={"kind": "fuser"}))


def test_networks_are_small():
    sizes = [sum(p.numel() for p in net.parameters()) for net in Upscaler().faithful.values()]
    assert max(sizes) <= 80_000


def test_it_fits_every_generator(lively):
    other = lively_generator()
    UPSCALER.check(pack_upscaler(lively, encoder="of another one"), other.encoder, "of another one")


def test_parameters():
    assert UpscaleParams.read({}).scale == "2"
    assert UpscaleParams.read({"scale": 4}).scale == UpscaleParams.read({"scale": "4"}).scale == "4"
    assert TASK.specs["scale"].names == ("2", "4") and TASK.specs["denoise"].kind is Kind.NUMBER
    for wrong in ({"scale": 3}, {"scale": True}, {"denoise": 1.5}, {"detail": "much"}):
        with pytest.raises(RequestError) as error:
            UpscaleParams.read(wrong)
        assert error.value.field in wrong and error.value.remedy
    assert TASK.size([(30, 20)], UpscaleParams(scale="4")) == (120, 80)


class Networks:
    """A loaded model with nothing but an upscaler."""

    lock = threading.Lock()

    def __init__(self, upscaler):
        self._upscaler = upscaler

    def head(self, name):
        assert name == "upscale_head"
        return self._upscaler


def test_the_predictor_enlarges_and_reports(lively):
    params = UpscaleParams(scale="4", denoise=0.1)
    result = UpscalePredictor(Networks(lively)).predict([scene(12, 18)], params)
    assert result.picture.size == (72, 48) and result.picture.mode == "RGB"
    assert result.report == {"scale": 4, "denoise": 0.1, "detail": 0.0}


def test_sizes_that_do_not_fit_are_refused_before_memory_is_taken(lively):
    predictor = UpscalePredictor(Networks(lively))
    large = Image.new("L", (4000, 3000))  # of another mode: its pixels are not looked at
    with pytest.raises(
        RequestError, match=r"8000×6000 pixels, 40 megapixels .*10 megapixels or less"
    ) as error:
        predictor.predict([large], UpscaleParams())
    assert error.value.code == "too_many_pixels" and MAX_PIXELS == 40_000_000
    with pytest.raises(RequestError, match="smaller scale"):
        predictor.predict([large], UpscaleParams(scale="4"))
    with pytest.raises(RequestError, match="7×20 pixels"):
        predictor.predict([Image.new("RGB", (7, 20))], UpscaleParams())


def test_options_that_do_not_fit_are_refused():
    for wrong in ({"window": 65}, {"window": 4}, {"detail_share": 1.0}, {"detail_rate": 0.0}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            replace(UpscaleOptions(), **wrong)
    with pytest.raises(ValueError, match="width"):
        UpscalerConfig(width=0)
