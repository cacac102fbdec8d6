"""The fixed rule for slices of different sensors on black."""

import pytest
import torch

from stylefuse.tasks.fuse.network import MODES, Fuser
from support import lively_generator, smooth_pictures

SENSORS = torch.nn.functional.one_hot(torch.tensor([MODES.index("multimodal")]), len(MODES)).float()


@pytest.fixture(scope="module")
def fuser() -> Fuser:
    torch.manual_seed(0)
    fuser = Fuser(lively_generator().encoder).eval()
    for parameter in fuser.parameters():  # what the network has learned must not matter
        torch.nn.init.normal_(parameter, std=0.1)
    return fuser.requires_grad_(False)


def circle(radius: float, side: int = 128) -> torch.Tensor:
    axis = torch.linspace(-1, 1, side)
    return (axis[:, None].hypot(axis[None]) < radius).float()


@pytest.fixture(scope="module")
def scans() -> torch.Tensor:
    """1×2×3×H×W in [-1, 1]: bone around even tissue; textured tissue without bone."""
    noise = torch.rand(128, 128, generator=torch.Generator().manual_seed(2))
    ct = (circle(0.8) - circle(0.7)) * 0.95 + circle(0.7) * 0.2
    mri = circle(0.7) * (0.4 + 0.3 * noise)
    return torch.stack([ct, mri])[None, :, None].expand(-1, -1, 3, -1, -1) * 2 - 1


def test_bone_comes_from_one_and_tissue_from_the_other(fuser, scans):
    fused = fuser(scans, SENSORS).picture
    bone, tissue = (circle(0.78) - circle(0.73)).bool(), circle(0.55).bool()
    assert (fused - scans[:, 0])[..., bone].abs().mean() < 0.05
    assert (fused - scans[:, 1])[..., tissue].abs().mean() < 0.05


def test_there_is_no_glow_on_black(fuser, scans):
    fused = fuser(scans, SENSORS).picture
    assert (fused <= scans.amax(1) + 1e-6).all()
    assert torch.equal(
        fused[..., ~circle(0.81).bool()], torch.full_like(fused[..., ~circle(0.81).bool()], -1)
    )


def test_colours_of_a_coloured_scan_are_kept(fuser, scans):
    colour = torch.tensor([0.9, 0.4, 0.1])[:, None, None]
    pet = circle(0.5) * colour * 2 - 1
    fused = fuser(torch.stack([pet, scans[0, 1]])[None], SENSORS).picture
    inside = fused[0][:, circle(0.4).bool()].mean(1)
    assert inside[0] - inside[2] > 0.5 and (inside[0] > inside[1]) and (inside[1] > inside[2])


def test_order_and_other_sets_of_the_batch_do_not_matter(fuser, scans):
    scene = torch.stack([smooth_pictures(1, 128, 128), smooth_pictures(1, 128, 128).flip(-1)], 1)
    both = fuser(torch.cat([scans.flip(1), scene]), SENSORS.expand(2, -1)).picture
    torch.testing.assert_close(both[:1], fuser(scans, SENSORS).picture, atol=1e-4, rtol=0)
    torch.testing.assert_close(both[1:], fuser(scene, SENSORS).picture, atol=1e-4, rtol=0)


def test_the_rule_is_for_different_sensors_alone(fuser, scans):
    focus = torch.nn.functional.one_hot(torch.tensor([MODES.index("focus")]), len(MODES)).float()
    assert (fuser(scans, focus).picture - fuser(scans, SENSORS).picture).abs().max() > 0.1
