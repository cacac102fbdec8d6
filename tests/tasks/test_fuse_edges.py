"""What tells damage from other differences between pictures of one scene."""

import numpy as np
import pytest
import torch

from stylefuse.tasks.fuse.edges import edge_agreement
from stylefuse.tasks.fuse.pairs import synthesise
from support import textured_scenes


@pytest.mark.parametrize("n", [2, 3, 4, 5])
def test_brackets_have_the_same_edges_and_damaged_sets_do_not(n):
    agreement = {
        kind: edge_agreement(synthesise(kind, textured_scenes(4), n, np.random.default_rng(n), unseen=True))
        for kind in ("exposure", "occlusion")
    }
    assert agreement["exposure"].min() > 0.4
    assert agreement["occlusion"].max() < 0.4


def test_equal_and_empty_pictures_say_nothing():
    assert edge_agreement(textured_scenes(4)[:, None].expand(-1, 2, -1, -1, -1)).abs().max() == 0
    assert edge_agreement(torch.stack([torch.zeros(1, 3, 20, 17), torch.ones(1, 3, 20, 17)], 1)) == 0


def test_inverted_edges_disagree_and_order_does_not_matter():
    x = textured_scenes(1)
    assert edge_agreement(torch.stack([x, -x], 1)) < -0.9
    three = torch.stack([x, -x, x * 0.5], 1)
    assert edge_agreement(three) == pytest.approx(float(edge_agreement(three[:, [2, 0, 1]])), abs=1e-5)
