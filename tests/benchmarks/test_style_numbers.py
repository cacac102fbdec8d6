"""Numbers of the style benchmark from known networks and runs, and what its variants change."""

import pytest
import torch
from torch import nn

from benchmarks.style.methods import Method, cost
from benchmarks.style.patch_judge import PatchJudge
from benchmarks.style.recipes import RECIPES, VARIANTS
from benchmarks.style.tables import goals, main_table
from stylefuse.tasks.stylize.options import HybridOptions


def test_every_variant_changes_one_thing():
    base = HybridOptions()
    before = base.fingerprinted()
    for name, change in VARIANTS.items():
        after = change(base).fingerprinted()
        leaves = [
            (key, inner)
            for key in after
            for inner in (after[key] if isinstance(after[key], dict) else [None])
            if (after[key] if inner is None else after[key][inner])
            != (before[key] if inner is None else before[key][inner])
        ]
        assert len(leaves) == (0 if name == "stylefuse" else 1), name
    assert base.fingerprinted() == before and VARIANTS.keys() <= RECIPES.keys()


def test_the_cost_of_a_known_network():
    network = nn.Conv2d(3, 5, 3, padding=1)
    found = cost(Method(lambda photos, style: network(photos)[:, :3], [network, network]))
    assert found == {"parameters": 2 * (3 * 5 * 9 + 5), "gmacs": pytest.approx(128**2 * 3 * 5 * 9 / 1e9)}


def test_the_patch_judge_sees_no_tint():
    torch.manual_seed(0)
    judge, x = PatchJudge(3).eval(), torch.rand(2, 3, 64, 64) - 0.5
    seen = judge.log_probabilities(x)
    assert seen.shape == (2, 3) and torch.allclose(seen.exp().sum(1), torch.ones(2), atol=0.2)
    tinted = 0.5 * x + torch.tensor([0.2, 0.2, 0.2]).view(1, 3, 1, 1)
    assert torch.allclose(judge.log_probabilities(tinted), seen, atol=0.02)


def test_means_over_styles_and_seeds_and_the_goals():
    def run(recipe, seed, accuracy, score):
        measured = {
            "judge": {"accuracy_fakes": accuracy, "accuracy_paintings": 0.8, "accuracy_photos": 0.1},
            "distances": {"sw_judge": {"score": score}},
            "content": {"ssim": 0.7},
        }
        both = {"blue": measured, "red": {**measured, "distances": {"sw_judge": {"score": None}}}}
        cost = {"parameters": 2_000_000, "gmacs": 0.5}
        return {"recipe": recipe, "seed": seed, "measured": both, "cost": cost, "training": {}}

    runs = [run("mine", 1, 0.6, 0.5), run("mine", 2, 0.9, 0.8), run("rival", 1, 0.71, None)]
    mine, rival = main_table(runs).splitlines()[2:]
    assert mine.startswith("| mine (2) | 75 % | 80 % | 10 % |") and "| 0.65 |" in mine and "| 2.00 |" in mine
    assert rival.startswith("| rival (1) | 71 %") and "| – |" in rival
    said = goals(runs).splitlines()
    assert said[1:] == ["- mine: all reached", "- rival: not reached: judge, score"]
