"""What the evaluation says of generators whose quality is known, and that it needs no workflow library."""

import subprocess
import sys
from dataclasses import replace

import pytest
import torch
from torch import nn

from project import SOURCE
from stylefuse.evaluation.compare import compare_sets
from stylefuse.evaluation.heldout import HeldOut, Twins
from stylefuse.evaluation.measure import measure
from stylefuse.evaluation.networks import Networks
from stylefuse.evaluation.settings import Settings
from stylefuse.evaluation.summary import flat, plain, summarise, warnings_of
from tinted_pictures import SIZE, STYLES, scenes, tint

OPTIONS = Settings(
    photos=8, paintings=12, batch_size=3, halvings=3, bootstrap_repeats=20, directions=50, grid_photos=3
)


class StandInGenerator(nn.Module):
    def __init__(self, paint):
        super().__init__()
        self.paint = paint

    def forward(self, x, style):
        return self.paint(x, style)

    def features(self, x):
        flat = x - x.mean(dim=(2, 3), keepdim=True)  # as instance norm does: a cast is no content
        patches = nn.functional.unfold(flat, 5, stride=4, padding=2)
        return [x, patches.view(len(x), -1, SIZE // 4, SIZE // 4)]


class ColourJudge(nn.Module):
    """Names the style by the mean colour."""

    def embed(self, x):
        return torch.cat([x.mean(dim=(2, 3)), x.std(dim=(2, 3))], dim=1)

    def forward(self, x):
        red, _, blue = x.mean(dim=(2, 3)).unbind(1)
        return 20 * torch.stack([torch.full_like(red, 0.3), blue - red, red - blue], dim=1)


def networks(paint, inception=None):
    judge, classes = ColourJudge(), [0, 1, 2]
    return Networks(
        StandInGenerator(paint), judge, judge, STYLES, classes, classes, torch.device("cpu"), inception
    )


@pytest.fixture(scope="module")
def pictures():
    paintings = {
        s: tint(scenes(12, i), torch.eye(3)[i].expand(12, -1)) for i, s in enumerate(STYLES[1:], start=1)
    }
    return HeldOut(scenes(8, 0), paintings)


def test_the_true_style_scores_high_everywhere(pictures):
    twins = {"red": Twins(scenes(4, 7), tint(scenes(4, 7), torch.eye(3)[2].expand(4, -1)))}
    found = measure(networks(tint), pictures, twins, OPTIONS)
    for style in STYLES[1:]:
        m = found["styles"][style]
        assert m["judge"]["accuracy_fakes"] == m["judge"]["accuracy_paintings"] == 1
        assert m["judge"]["accuracy_photos"] == 0
        assert m["classifier"]["gap_to_judge"] == 0
        for distance in m["distances"].values():
            assert distance["score"] > 0.8
            assert distance["low"] <= distance["fake"] <= distance["high"]
            assert distance["n"] == 6
        assert m["content"]["ssim"] > 0.99 > m["content"]["ssim_wrong_photo"]
        assert m["content"]["edge_correlation"] > 0.99 > m["content"]["edge_correlation_wrong_photo"]
        assert m["content"]["patch_retrieval"] > 0.9
        assert found["not_collapsed"]["variance_ratio"][style] == pytest.approx(1, abs=0.5)
    assert found["identity"] == {"psnr": 100, "judge_accuracy_photos": 1}
    assert found["styles"]["red"]["truth"]["psnr"] > found["styles"]["red"]["truth"]["psnr_untouched"] + 20
    assert "not computed" in found["styles"]["blue"]["truth"]["reason"]
    assert found["judge_confusion"]["fakes"] == [[0, 0, 0], [0, 8, 0], [0, 0, 8]]
    assert found["judge_confusion"]["real"] == [[8, 0, 0], [0, 12, 0], [0, 0, 12]]


def test_an_untouched_photo_scores_zero(pictures):
    found = measure(networks(lambda x, style: x), pictures, {}, OPTIONS)
    for style in STYLES[1:]:
        m = found["styles"][style]
        assert m["judge"]["accuracy_fakes"] == 0
        assert m["content"]["ssim"] == pytest.approx(1, abs=1e-4)
        for distance in m["distances"].values():
            assert distance["score"] == pytest.approx(0, abs=1e-9)
            assert distance["fake"] == distance["photo"]
    assert found["not_collapsed"]["same_photo_between_styles"] == 0


def test_one_picture_for_every_photo_is_seen_as_collapse(pictures):
    found = measure(
        networks(lambda x, style: tint(scenes(1, 9).expand(len(x), -1, -1, -1), style)), pictures, {}, OPTIONS
    )
    for style in STYLES[1:]:
        assert found["styles"][style]["judge"]["accuracy_fakes"] == 1  # the judge alone would be fooled
        assert found["not_collapsed"]["variance_ratio"][style] < 0.01
        assert found["styles"][style]["content"]["ssim"] < 0.5
        assert found["styles"][style]["content"]["patch_retrieval"] < 0.2


def test_the_numbers_do_not_depend_on_the_batch_size(pictures):
    one = measure(networks(tint), pictures, {}, OPTIONS)
    other = measure(networks(tint), pictures, {}, replace(OPTIONS, batch_size=8))
    assert flat(one) == pytest.approx(flat(other), rel=1e-3, abs=1e-4)


def test_too_few_paintings_give_a_reason_instead_of_a_number(pictures):
    few = HeldOut(pictures.photos, {s: p[:3] for s, p in pictures.paintings.items()})
    found = measure(networks(tint), few, {}, OPTIONS)
    distance = found["styles"]["red"]["distances"]["sw_judge"]
    assert distance["score"] is None
    assert "3 paintings" in distance["reason"]
    assert summarise(found)["score"] is None
    assert summarise(found)["ssim"] > 0.9


def test_compared_sets_are_of_equal_size():
    sizes = set()

    def distance(a, b):
        sizes.add((len(a), len(b)))
        return float(a.mean() - b.mean()) ** 2

    compare_sets(distance, torch.zeros(50, 2), torch.ones(50, 2), torch.randn(21, 2), 4, 20, 0)
    assert (10, 10) in sizes
    assert sizes - {(10, 10)} == {(50, 21)}  # the bootstrap redraws both whole sets


def test_inception_adds_fid_and_kid_beside_the_judges_distances(pictures):
    found = measure(
        networks(tint, inception=nn.Sequential(nn.AdaptiveAvgPool2d(2), nn.Flatten())), pictures, {}, OPTIONS
    )
    distances = found["styles"]["red"]["distances"]
    assert set(distances) == {"sw_judge", "kid_judge", "frechet_judge", "kid", "fid"}
    assert distances["fid"]["score"] > 0.8
    assert distances["fid"]["all"] < distances["fid"]["photo"]
    without = measure(networks(tint), pictures, {}, OPTIONS)["styles"]["red"]["distances"]
    assert without == {name: without[name] for name in ("sw_judge", "kid_judge", "frechet_judge")}


def test_warnings_name_the_style_and_the_reason(pictures):
    blank = networks(lambda x, style: tint(torch.zeros_like(x), style))
    notes = warnings_of(measure(blank, pictures, {}, OPTIONS))
    assert any("red" in note and "look alike" in note for note in notes)
    assert any("6 pictures with 6" in note for note in notes)
    assert not any("judge" in note for note in notes)
    swapped = HeldOut(
        pictures.photos, dict(zip(STYLES[1:], list(pictures.paintings.values())[::-1], strict=True))
    )
    notes = warnings_of(measure(networks(tint), swapped, {}, OPTIONS))
    assert any("blue: the judge recognises only 0 %" in note for note in notes)


def test_numbers_that_json_cannot_write_become_null():
    assert plain({"a": [float("nan"), 1.0], "b": {"c": float("inf")}}) == {"a": [None, 1.0], "b": {"c": None}}


def test_flat_names_suit_the_tracker():
    assert flat({"styles": {"van Gogh (1888)": {"ssim": 0.5, "reason": "", "score": None}}}) == {
        "evaluate.styles.van Gogh _1888_.ssim": 0.5
    }


def test_the_library_needs_no_workflow_library():
    modules = [f"stylefuse.evaluation.{file.stem}" for file in (SOURCE / "evaluation").glob("[a-z]*.py")]
    assert len(modules) > 5
    code = (
        f"import sys, {', '.join(modules)}; "
        "print(*{'kedro', 'kedro_datasets', 'mlflow', 'pydantic'} & sys.modules.keys())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
