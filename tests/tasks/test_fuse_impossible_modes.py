"""Which modes a set's own pictures rule out."""

import numpy as np
import pytest
import torch

from stylefuse.tasks.fuse.impossible_modes import mask_impossible_modes
from stylefuse.tasks.fuse.pairs import synthesise
from support import textured_scenes

DAMAGE, SENSORS = 2, 4


def grey(x: torch.Tensor) -> torch.Tensor:
    return x.mean(-3, keepdim=True).expand_as(x)


def left(x: torch.Tensor) -> list[int]:
    """The modes of one set that are still possible."""
    return (mask_impossible_modes(x, torch.zeros(1, 5), DAMAGE, SENSORS)[0] == 0).nonzero()[:, 0].tolist()


def made(kind: str) -> torch.Tensor:
    return synthesise(kind, textured_scenes(1), 2, np.random.default_rng(0))


@pytest.mark.parametrize(
    ("x", "modes"),
    [
        (made("exposure"), [0, 1, 3]),
        (made("occlusion"), [0, 1, 2, 3]),
        (grey(made("exposure")), [0, 1, 3]),
        (grey(made("occlusion")), [2]),
        (made("colour_structure"), [4]),
    ],
)
def test_damage_needs_other_edges_and_sensors_a_grey_picture(x, modes):
    assert left(x) == modes


def test_grey_beside_coloured_pictures_leaves_one_mode_and_traces_of_colour_are_none():
    x = torch.stack([textured_scenes(1), grey(textured_scenes(1))], 1)
    noise = torch.randint(-1, 2, x.shape, generator=torch.Generator().manual_seed(4)) / 255
    assert left(x) == [SENSORS]
    assert left((x + noise).clamp(-1, 1)) == [SENSORS]


def test_a_blown_out_picture_is_not_grey():
    blown = torch.ones_like(textured_scenes(1))
    assert SENSORS not in left(torch.stack([textured_scenes(1), textured_scenes(1) * 0.5], 1))
    assert left(torch.stack([textured_scenes(1), blown], 1)) == [0, 1, 2, 3, 4]


def test_sets_of_a_batch_do_not_depend_on_each_other():
    both = torch.cat([made("exposure"), made("colour_structure")])
    logits = mask_impossible_modes(both, torch.zeros(2, 5), DAMAGE, SENSORS)
    assert torch.equal(logits[:1], mask_impossible_modes(both[:1], torch.zeros(1, 5), DAMAGE, SENSORS))
    assert logits.argmax(1).tolist() == [0, SENSORS]
