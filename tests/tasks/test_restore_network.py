"""The restorer: what it does before training, tiles, weights; and the damage that it learns from."""

import io

import numpy as np
import pytest
import torch
from PIL import Image

from stylefuse.networks.weights import Weights
from stylefuse.tasks.restore import measure as measuring
from stylefuse.tasks.restore.cases import CASES, make_case
from stylefuse.tasks.restore.config import RestorerConfig
from stylefuse.tasks.restore.damage import damage
from stylefuse.tasks.restore.fill import fill, fill_batch
from stylefuse.tasks.restore.jpeg import compress
from stylefuse.tasks.restore.lattice import read_quality
from stylefuse.tasks.restore.levels import grid_of
from stylefuse.tasks.restore.measure import measure, summarise
from stylefuse.tasks.restore.network import Levels, Restorer, load_restorer, pack_restorer
from stylefuse.tasks.restore.options import RestoreOptions
from stylefuse.tasks.restore.shrinkage import shrink
from stylefuse.tasks.restore.tiled import estimate, look, restore
from stylefuse.tasks.restore.training import RestoreTraining

SMALL = RestorerConfig((4, 8), (4, 4))


def restorer():
    torch.manual_seed(1)
    return Restorer(SMALL).eval()


def awake(network):
    """With weights in the last layers, as if it had learned."""
    for layer in (network.head, network.detector.scratches):
        torch.nn.init.normal_(layer.weight, std=0.3)
    return network


def smooth_photo(side=128, seed=0):
    small = np.random.default_rng(seed).integers(0, 256, (side // 8, side // 8, 3), np.uint8)
    return np.array(Image.fromarray(small).resize((side, side), Image.Resampling.BICUBIC))


def test_before_training_it_returns_what_it_starts_from():
    x = torch.rand(2, 3, 32, 32) * 2 - 1
    levels = Levels(torch.tensor([0.0, 30.0]), torch.tensor([0.0, 0.5]), torch.tensor([[0, 0], [3, 5]]))
    made = restorer()(x, torch.ones(2, 1, 32, 32), levels)
    assert torch.equal(made, shrink(x, levels.noise, levels.compression))
    assert torch.equal(made[0], x[0])  # no damage
    assert not torch.equal(made[1], x[1])


@pytest.mark.parametrize("noise", [15.0, 50.0])
def test_shrinkage_removes_noise(noise):
    photo = torch.from_numpy(smooth_photo()).permute(2, 0, 1)[None].float() / 127.5 - 1
    noisy = photo + noise / 127.5 * torch.randn(photo.shape, generator=torch.Generator().manual_seed(0))
    made = shrink(noisy, torch.tensor([noise]), torch.zeros(1))
    assert (made - photo).square().mean() < 0.15 * (noisy - photo).square().mean()


def test_shrinkage_removes_traces_of_jpeg():
    photo = torch.from_numpy(smooth_photo()).permute(2, 0, 1)[None].float()
    saved = compress(photo, torch.tensor([10.0]))
    made = shrink(saved / 127.5 - 1, torch.zeros(1), torch.tensor([0.9])).add(1).mul(127.5)
    assert (made - photo).square().mean() < 0.9 * (saved - photo).square().mean()


def test_shrinkage_of_a_part_is_that_of_the_whole():
    x, levels = torch.rand(1, 3, 50, 67) * 2 - 1, (torch.tensor([20.0]), torch.tensor([0.4]))
    part = shrink(x[..., 16:, 8:], *levels)
    assert torch.allclose(part[..., 8:, 8:], shrink(x, *levels)[..., 24:, 16:], atol=1e-5)


def test_without_damage_nothing_outside_the_hole_changes():
    x, hole = torch.rand(1, 3, 32, 32) * 2 - 1, torch.zeros(1, 1, 32, 32)
    hole[..., 8:16, 8:16] = 1
    made = awake(restorer())(x, hole, Levels(torch.zeros(1), torch.zeros(1), torch.zeros(1, 2)))
    assert torch.equal(made * (1 - hole), x * (1 - hole))
    assert not torch.equal(made, x)


def test_tiles_come_to_the_same_as_the_whole():
    network = awake(restorer())
    picture = np.random.default_rng(0).integers(0, 256, (203, 234, 3), np.uint8)
    hole = np.zeros(picture.shape[:2], bool)
    hole[50:90, 30:200] = True
    whole, parts = look(network, picture, tile=4096), look(network, picture, tile=64)
    assert (whole.scratches != parts.scratches).mean() < 1e-4
    assert (whole.noise, whole.compression) == pytest.approx((parts.noise, parts.compression), abs=1e-3)
    one, other = (restore(network, picture, hole, 10.0, 0.3, (3, 6), tile).astype(int) for tile in (4096, 72))
    assert abs(one - other).max() <= 1
    assert abs(one - picture).max() > 1


def test_packed_it_is_the_same_again():
    network = awake(restorer())
    loaded = load_restorer(pack_restorer(network, generator="g"))
    x, levels = torch.rand(1, 3, 16, 16), Levels(torch.ones(1), torch.ones(1), torch.zeros(1, 2))
    hole = torch.zeros(1, 1, 16, 16)
    assert torch.equal(loaded(x, hole, levels), network(x, hole, levels))
    with pytest.raises(ValueError, match="weights of a fuser, not of a restorer"):
        load_restorer(Weights({}, {"kind": "fuser"}))


def test_there_are_at_most_300_000_parameters():
    assert sum(p.numel() for p in Restorer().parameters()) <= 300_000


@pytest.mark.parametrize("quality", [10, 40, 75])
@pytest.mark.parametrize("subsample", [False, True])
def test_the_loss_of_jpeg_is_that_of_a_file(quality, subsample):
    photo = smooth_photo()
    file = io.BytesIO()
    Image.fromarray(photo).save(file, "JPEG", quality=quality, subsampling=2 if subsample else 0)
    x = torch.from_numpy(photo).permute(2, 0, 1)[None].float()
    made = compress(x, torch.tensor([float(quality)]), subsample=subsample)[0].permute(1, 2, 0).numpy()
    saved = np.asarray(Image.open(file)).astype(np.float32)
    assert np.square(made - saved).mean() < 0.1 * np.square(photo - saved).mean() + 1


@pytest.mark.parametrize("grid", [(0, 0), (3, 5), (7, 1)])
def test_the_grid_of_the_blocks_is_found(grid):
    x = torch.from_numpy(smooth_photo()).permute(2, 0, 1)[None].float()
    assert grid_of(compress(x, torch.tensor([20.0]), grid)).tolist() == [list(grid)]


def as_jpeg(photo, quality):
    file = io.BytesIO()
    Image.fromarray(photo).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))


@pytest.mark.parametrize("quality", [10, 20, 40, 60, 85])
def test_the_quality_is_read_exactly(quality):
    saved = as_jpeg(smooth_photo(256), quality)
    assert read_quality(saved, (0, 0)) == quality
    assert read_quality(saved[5:, 3:], (5, 3)) == quality
    _, compression, grid = estimate(restorer(), saved)
    assert (compression, grid) == (pytest.approx(1 - quality / 100), (0, 0))


def test_a_low_quality_that_was_read_overrules_the_network_and_a_high_one_does_not():
    network = restorer()
    network.estimator.layers[-1].bias.data[1] = 0.8
    assert estimate(network, as_jpeg(smooth_photo(256), 40))[1] == pytest.approx(0.6)
    assert estimate(network, as_jpeg(smooth_photo(256), 85))[1] == pytest.approx(0.8)


def test_no_quality_is_read_where_the_coefficients_were_changed():
    photo = smooth_photo(256)
    saved = as_jpeg(photo, 30)
    noise = np.random.default_rng(0).normal(scale=4, size=photo.shape)
    for changed in (photo, saved[1:, 2:], (saved + noise).clip(0, 255).astype(np.uint8), saved[:7, :7]):
        assert read_quality(changed, (0, 0)) is None


def test_a_filled_hole_leaves_the_rest_and_a_batch_is_filled_alike():
    photo, hole = smooth_photo(), np.zeros((128, 128), bool)
    hole[40:60, 50:80] = True
    damaged = np.where(hole[:, :, None], np.uint8(255), photo)
    filled = fill(damaged, hole)
    assert np.array_equal(filled[~hole], photo[~hole])
    assert np.square(filled[hole] - photo[hole].astype(float)).mean() < 50**2
    x = torch.from_numpy(damaged).permute(2, 0, 1)[None].float().expand(2, -1, -1, -1)
    holes = torch.stack([torch.from_numpy(hole)[None].float(), torch.zeros(1, 128, 128)])
    made = fill_batch(x, holes)
    assert np.array_equal(made[0].permute(1, 2, 0).numpy(), filled)
    assert torch.equal(made[1], x[1])


def test_damage_says_what_it_did():
    truth = torch.from_numpy(smooth_photo(64)).permute(2, 0, 1)[None].float().repeat(24, 1, 1, 1)
    made, again = (damage(truth, np.random.default_rng(3), (2, 1)) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(made, again, strict=True))
    alone = (made.noise == 0) & (made.compression == 0)
    assert alone.any() and made.hole[alone].flatten(1).any(1).all()
    kept = (made.hole == 0)[alone].expand(-1, 3, -1, -1)
    assert torch.equal(made.filled[alone][kept], truth[alone][kept])
    only_noise = (made.noise > 5) & (made.compression == 0) & ~made.hole.flatten(1).any(1)
    difference = (made.seen - truth)[only_noise].flatten(1).std(1)
    assert torch.allclose(difference, made.noise[only_noise], rtol=0.3)
    assert (made.scratched <= made.hole).all() and made.scratched.any()


@pytest.mark.parametrize("name", CASES)
def test_cases_are_damaged_as_they_say(name):
    photo = smooth_photo()
    case = make_case(name, photo, 0, 1)
    assert case.picture.shape == photo.shape and case.picture.dtype == np.uint8
    assert np.array_equal(case.picture, photo) == name.startswith("untouched")
    if case.hole is not None:
        assert 0.005 < case.hole.mean() < 0.35
        assert np.array_equal(case.picture[~case.hole], photo[~case.hole])


def test_it_learns_and_is_measured_beside_the_rules(monkeypatch):
    class Store:
        def __getitem__(self, row):
            return smooth_photo(64, row)

        def size(self, row):
            return 64, 64

        def cut(self, window):
            return self[window.row][
                window.top : window.top + window.side, window.left : window.left + window.side
            ]

    options = RestoreOptions(
        images=8, batch_size=4, image_size=32, whole_size=64, restorer=SMALL, precision="fp32", device="cpu"
    )
    training = RestoreTraining(Store(), np.arange(4), options)
    losses = [training.step(options) for _ in range(2)]
    assert set(losses[0]) == {"log_error", "found", "noise", "compression", "gradient"}
    assert all(np.isfinite(list(each.values())).all() for each in losses)
    photos = torch.from_numpy(smooth_photo(64)).permute(2, 0, 1)[None] / 127.5 - 1
    some = {name: CASES[name] for name in ("untouched", "noise_15", "fill_strokes", "unseen_scratches")}
    monkeypatch.setattr(measuring, "CASES", some)
    table = measure(training.ema, photos, 1)
    assert list(table["damage"]) == list(some)
    row = table.set_index("damage").loc["fill_strokes"]
    assert row["restorer"] == pytest.approx(row["best_rule"], abs=1.5)  # still the classical fill
    assert summarise(table)["untouched_psnr"] <= 60
