import pytest
import torch
from torch.nn import functional as F

from stylefuse.images.augment import degrade, diff_augment
from support import smooth_pictures


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def pictures():
    return torch.rand(12, 3, 32, 32, generator=seeded(7)) * 2 - 1


@pytest.mark.parametrize("augment", [diff_augment, degrade])
def test_decisions_come_from_the_generator(augment, pictures):
    kept = pictures.clone()
    torch.manual_seed(1)
    first = augment(pictures, seeded())
    torch.manual_seed(2)
    assert torch.equal(augment(pictures, seeded()), first)
    assert not torch.equal(augment(pictures, seeded(1)), first)
    assert torch.equal(pictures, kept)


@pytest.mark.slow  # the device "meta" imports torch's compiler
@pytest.mark.parametrize("augment", [diff_augment, degrade])
def test_everything_is_computed_on_the_device_of_the_pictures(augment, pictures):
    """The device "meta" computes shapes alone, and refuses tensors of another device."""
    out = augment(pictures.to("meta"), seeded())
    assert (out.device.type, out.shape) == ("meta", pictures.shape)


@pytest.mark.parametrize("augment", [diff_augment, degrade])
def test_size_range_and_layout(augment, pictures):
    out = augment(pictures, seeded())
    assert out.shape == pictures.shape and out.dtype == torch.float32
    assert out.min() >= -1 and out.max() <= 1
    assert out.is_contiguous(memory_format=torch.channels_last)


def test_diff_augment_leaves_colours_alone(pictures):
    for before, after in zip(pictures, diff_augment(pictures, seeded()), strict=True):
        colours = set(map(tuple, before.flatten(1).T.tolist()))
        assert set(map(tuple, after.flatten(1).T.tolist())) <= colours | {(0.0, 0.0, 0.0)}


def test_diff_augment_flips_moves_and_cuts_some(pictures):
    ramp = torch.linspace(0.1, 1, 64).expand(200, 3, 64, 64)
    out = diff_augment(ramp, seeded())
    middle = out[:, 0].flatten(1).ne(0).float().mean(dim=1)  # share that was not cut out
    cut = (middle < 1).float().mean()
    assert 0.35 < cut < 0.65 and middle.min() > 0.7
    whole = out[middle == 1][:, 0, 0]
    rising = (whole[:, 40] > whole[:, 20]).float().mean()
    assert 0.3 < rising < 0.7
    assert len({round(row.mean().item(), 4) for row in whole}) > 5


def looped(x, generator):
    """`diff_augment` a picture at a time, in plain slices."""
    n, _, height, width = x.shape
    flip = torch.rand(n, generator=generator) < 0.5
    reach = height // 8
    move = torch.randint(-reach, reach + 1, (n, 2), generator=generator)
    hole = torch.randint(0, height, (n, 2), generator=generator)
    cut = torch.rand(n, generator=generator) < 0.5
    padded = F.pad(x, (reach,) * 4, mode="reflect")
    pictures = []
    for i in range(n):
        top, left = (int(m) + reach for m in move[i])
        picture = padded[i, :, top : top + height, left : left + width]
        picture = picture.flip(2) if flip[i] else picture
        if cut[i]:
            rows, columns = torch.arange(height)[:, None], torch.arange(width)
            inside = ((rows - hole[i, 0]).abs() < height // 4) & ((columns - hole[i, 1]).abs() < width // 4)
            picture = picture * ~inside
        pictures.append(picture)
    return torch.stack(pictures)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_diff_augment_and_its_gradient_equal_those_of_a_loop(pictures, dtype):
    once, each = (pictures.to(dtype).clone().requires_grad_() for _ in range(2))
    weights = torch.randn(pictures.shape, generator=seeded(3)).to(dtype)
    results = [augment(x, seeded()) for augment, x in ((diff_augment, once), (looped, each))]
    assert torch.equal(*results)
    for result in results:
        (result * weights).sum().backward()
    assert torch.equal(once.grad, each.grad)


def test_gradients_flow_through_diff_augment(pictures):
    x = pictures.requires_grad_()
    diff_augment(x, seeded()).sum().backward()
    assert x.grad.flatten(1).abs().sum(dim=1).min() > 0


def test_channels_last_pictures_are_augmented_alike(pictures):
    other = pictures.contiguous(memory_format=torch.channels_last)
    assert torch.equal(diff_augment(other, seeded()), diff_augment(pictures, seeded()))
    assert torch.allclose(degrade(other, seeded()), degrade(pictures, seeded()), atol=1e-5)


def test_degraded_pictures_are_recognisable_but_changed():
    x = smooth_pictures(40, 32, 32)
    change = (degrade(x, seeded()) - x).abs().mean(dim=(1, 2, 3))
    assert change.min() > 0 and change.max() < 0.25


@pytest.mark.parametrize("size", [(32, 40), (33, 21), (9, 8)])
def test_degrade_takes_any_size(size):
    assert degrade(torch.zeros(8, 3, *size), seeded()).shape == (8, 3, *size)
