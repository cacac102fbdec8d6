"""The undamaged picture of a damaged set is the one that continues the scene."""

import cv2
import numpy as np
import pytest
import torch

from stylefuse.tasks.fuse.continuity import UNDECIDED, choose_continuous, continue_scene
from stylefuse.tasks.fuse.modes import MODES
from stylefuse.tasks.fuse.network import Fuser
from support import lively_generator, smooth_pictures

SIDE = 96


def photo(seed: int) -> np.ndarray:
    """H×W×3 float32 levels, whole numbers, smooth with a little texture."""
    smooth = (smooth_pictures(1, SIDE, SIDE, seed)[0].permute(1, 2, 0).numpy() + 1) * 100 + 25
    return (
        np.rint(smooth + np.random.default_rng(seed).normal(size=smooth.shape) * 2)
        .clip(0, 255)
        .astype(np.float32)
    )


def damaged(n: int = 2) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pictures n×H×W×3 of one scene, another photo pasted into a stripe of each; the scene; where damage is, n×H×W."""
    scene, masks = photo(0), np.zeros((n, SIDE, SIDE), bool)
    for picture, mask in enumerate(masks):
        mask[8 + 6 * picture : 80, 6 + 24 * picture : 26 + 24 * picture] = True
    fills = np.stack([255 - photo(seed + 1) for seed in range(n)])
    return np.where(masks[..., None], fills, scene), scene, masks


@pytest.mark.parametrize("n", [2, 3])
def test_whatever_fills_the_damage_the_other_picture_is_chosen(n):
    pictures, scene, masks = damaged(n)
    chosen = choose_continuous(pictures)
    decided = chosen != UNDECIDED
    assert decided[masks.any(axis=0)].mean() > 0.99
    assert not decided[~masks.any(axis=0)].any()
    picked = np.take_along_axis(pictures, chosen.clip(0)[None, ..., None], axis=0)[0]
    assert np.array_equal(picked[decided], scene[decided])


def test_compressed_pictures_are_decided_too():
    pictures, _, masks = damaged()
    for picture in pictures:
        _, file = cv2.imencode(".jpg", picture.astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 90])
        picture[:] = cv2.imdecode(file, cv2.IMREAD_COLOR)
    chosen = choose_continuous(pictures)
    for picture, mask in enumerate(masks):
        assert (chosen[mask] == 1 - picture).mean() > 0.8
        assert (chosen[mask] == picture).mean() < 0.02


def test_nothing_is_chosen_where_all_agree_or_nothing_does():
    same = np.stack([photo(0)] * 3)
    assert (choose_continuous(same) == UNDECIDED).all()
    unlike = np.stack([photo(0), 255 - photo(1)])
    assert (choose_continuous(unlike) == UNDECIDED).mean() > 0.9


def test_the_fuser_takes_the_chosen_pixels_of_damaged_sets_alone():
    torch.manual_seed(0)
    fuser = Fuser(lively_generator().encoder).eval().requires_grad_(False)
    pictures, scene, _ = damaged()
    x = torch.from_numpy(pictures).permute(0, 3, 1, 2)[None] / 127.5 - 1
    truth = torch.from_numpy(scene).permute(2, 0, 1) / 127.5 - 1
    modes = torch.eye(len(MODES))
    fused = fuser(x, modes[[MODES.index("occlusion")]]).picture[0]
    assert (fused - truth).abs().max() < 6.5 / 127.5  # what counts as agreement
    plan = fuser.plan(x, modes[[MODES.index("focus")]])
    assert continue_scene(x, plan, torch.tensor([False])) is plan
