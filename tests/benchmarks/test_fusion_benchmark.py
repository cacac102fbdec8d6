"""The benchmark command on pictures so small that it takes seconds."""

import csv
import json

import numpy as np
import pytest
from PIL import Image

from benchmarks.common.photos import Photo, load_squares, training_crops
from benchmarks.common.timing import time_in_turns
from benchmarks.fusion import __main__ as fusion
from benchmarks.fusion.cells import Cell, all_cells, make_set
from benchmarks.fusion.kept_scores import scores_of
from benchmarks.fusion.methods import FUSER, Method
from benchmarks.fusion.real_sets import RealSet, read_sets
from benchmarks.fusion.sheets import real_sheet
from benchmarks.fusion.speed import speed_table
from benchmarks.fusion.tables import real_tables, truth_csv, truth_tables
from benchmarks.fusion.truth import BEST_INPUT, score_cell
from stylefuse.tasks.fuse.rules import RULES
from support import scene


@pytest.fixture
def folder(tmp_path):
    """photos/ with two pictures, sets/blots with two pairs and one set of three."""
    random = np.random.default_rng(0)
    (tmp_path / "photos").mkdir()
    (tmp_path / "sets" / "blots").mkdir(parents=True)
    for name in ("a.png", "b.png"):
        Image.fromarray(scene(random)).save(tmp_path / "photos" / name)
    for name in ("00_a", "00_b", "01_a", "01_b", "02_a", "02_b", "02_c"):
        Image.fromarray(scene(random)).save(tmp_path / "sets" / "blots" / f"{name}.png")
    return tmp_path


def read_csv(path):
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_truth_of_the_rules_alone(folder, capsys, monkeypatch):
    monkeypatch.setattr(
        "benchmarks.fusion.truth.all_cells", lambda: iter([Cell("focus", 2, True), Cell("noise", 3, False)])
    )
    arguments = ["truth", "--photos", str(folder / "photos"), "--out", str(folder / "out")]
    assert fusion.main(arguments) == 0
    assert {row["variants"] for row in read_csv(folder / "out" / "truth.csv")} == {"unseen"}
    assert fusion.main([*arguments, "--seen"]) == 0
    rows = read_csv(folder / "out" / "truth.csv")
    assert {row["method"] for row in rows} == {"best_input", *RULES}
    assert {(row["kind"], row["n"], row["variants"]) for row in rows} == {
        ("focus", "2", "unseen"),
        ("noise", "3", "seen"),
    }
    assert all(row["photos"] == "2" and 5 < float(row["psnr"]) <= 60 for row in rows)
    text = (folder / "out" / "truth.md").read_text(encoding="utf-8")
    assert text.strip() in capsys.readouterr().out
    assert "| best rule |" in text and "| gain |" not in text
    assert {path.name for path in (folder / "out" / "sheets").iterdir()} == {
        f"truth_{kind}.png" for kind in ("focus", "exposure", "occlusion", "noise", "colour_structure")
    }


def test_real_sets_of_the_rules_alone(folder):
    arguments = ["real", "--sets", str(folder / "sets"), "--out", str(folder / "out")]
    assert fusion.main([*arguments, "--pairs-limit", "2"]) == 0
    rows = read_csv(folder / "out" / "real.csv")
    assert [row["method"] for row in rows] == list(RULES)
    assert all(row["sets"] == "2" and float(row["rank_sum"]) >= 5 for row in rows)
    assert "blots, 2 sets" in (folder / "out" / "real.md").read_text(encoding="utf-8")
    assert (folder / "out" / "sheets" / "real_blots.png").exists()
    # other sets, other scores: kept ones are not mixed with them
    assert fusion.main(arguments) == 1
    assert fusion.main([*arguments, "--again"]) == 0
    assert read_csv(folder / "out" / "real.csv")[0]["sets"] == "3"


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["truth"], "--photos"),
        (["real"], "--sets"),
        (["speed"], "--generator"),
        (["truth", "--photos", "{photos}", "--photos-limit", "0"], "--photos-limit"),
    ],
)
def test_options_that_are_missing_or_out_of_range_are_named(folder, capsys, arguments, named):
    arguments = [each.format(photos=folder / "photos") for each in arguments]
    with pytest.raises(SystemExit):
        fusion.main([*arguments, "--out", str(folder / "out")])
    assert named in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["truth", "--photos", "{photos}", "--fuser", "f"], "--generator"),
        (["truth", "--photos", "{photos}", "--rival-minutes", "1"], "--train-photos"),
        (["truth", "--photos", "nowhere"], "nowhere"),
    ],
)
def test_what_is_missing_is_named(folder, capsys, arguments, named):
    photos = str(folder / "photos")
    arguments = [each.format(photos=photos) for each in arguments]
    assert fusion.main([*arguments, "--out", str(folder / "out")]) == 1
    assert named in capsys.readouterr().err


def test_sets_are_the_same_every_time_and_differ_between_photos(folder):
    photos = load_squares(folder / "photos", size=32)
    for cell in all_cells():
        stack = make_set(photos[0], 0, cell, seed=1)
        assert stack.shape == (cell.n, 32, 32, 3) and stack.dtype == np.float32
        assert np.abs(stack * 255 - np.rint(stack * 255)).max() < 1e-3
        assert (stack == make_set(photos[0], 0, cell, seed=1)).all()
        assert (stack != make_set(photos[0], 1, cell, seed=1)).any()


def test_noise_has_the_strength_that_the_table_states():
    grey = Photo("grey", np.full((64, 64, 3), 128, np.uint8))
    stack = make_set(grey, 0, Cell("noise", 2, False), seed=0)
    assert stack.std() == pytest.approx(0.08, rel=0.03)


def test_scores_are_kept_until_the_method_changes(folder):
    photos, calls = load_squares(folder / "photos", size=32), []

    def method(version):
        def fuse(stack):
            calls.append(version)
            return stack.mean(axis=0)

        return Method("mine", version, fuse)

    cell, kept = Cell("exposure", 2, True), folder / "kept"
    first = score_cell(cell, photos, [method("1")], 0, kept, again=False)
    assert score_cell(cell, photos, [method("1")], 0, kept, again=False) == first
    assert calls == ["1"] * 2
    assert list(first) == [BEST_INPUT.name, "mine"]
    score_cell(cell, photos, [method("2")], 0, kept, again=False)
    assert calls == ["1"] * 2 + ["2"] * 2
    with pytest.raises(ValueError, match=r"other seed.*--again"):
        score_cell(cell, photos, [method("2")], 1, kept, again=False)


def test_interrupted_measuring_leaves_the_kept_scores(tmp_path):
    def interrupted(todo):
        raise KeyboardInterrupt

    path, settings = tmp_path / "cell.json", {"seed": 0}
    one, two = Method("one", "1", None), Method("two", "1", None)
    scores_of(path, settings, [one], False, lambda todo: {"one": {"psnr": [1.0]}})
    with pytest.raises(KeyboardInterrupt):
        scores_of(path, settings, [one, two], False, interrupted)
    assert json.loads(path.read_text())["methods"]["one"]["scores"] == {"psnr": [1.0]}
    assert list(tmp_path.iterdir()) == [path]


def test_best_rule_and_gain():
    scores = {name: {"psnr": [20.0, 22.0], "ssim": [0.5, 0.5]} for name in ("best_input", *RULES)}
    scores["mertens"] = {"psnr": [24.0, 28.0], "ssim": [0.4, 0.4]}
    scores[FUSER] = {"psnr": [25.0, 30.0], "ssim": [0.6, 0.6]}
    results = {Cell("focus", 2, True): scores}
    line = next(line for line in truth_tables(results).splitlines() if line.startswith("| focus | 2 |"))
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    assert cells[-3:] == ["27.50 ± 2.50", "mertens", "+1.50 ± 0.50"]
    row = truth_csv(results).splitlines()[-1]
    assert row == "unseen,focus,2,stylefuse,2,27.5,2.5,0.6,0"


def test_rank_sums_stand_beside_the_means():
    best = {name: [2.0, 4.0] for name in ("SCD", "Qabf", "VIF", "EN", "SF")}
    worse = {name: [1.0, 1.0] for name in best}
    text = real_tables({"blots": {"one": best, "two": worse}})
    assert "| one | 5 | 3.000 |" in text and "| two | 10 | 1.000 |" in text


def test_bad_folders_of_sets_are_refused(folder):
    blots = folder / "sets" / "blots"
    Image.new("RGB", (64, 64)).save(blots / "03_a.png")
    with pytest.raises(ValueError, match="03: the set has one picture"):
        read_sets(blots)
    Image.new("RGB", (64, 65)).save(blots / "03_b.png")
    with pytest.raises(ValueError, match=r"03_b\.png is not as large as 03_a\.png"):
        read_sets(blots)[-1].load()
    (blots / "odd.png").write_bytes(b"")
    with pytest.raises(ValueError, match=r"odd\.png"):
        read_sets(blots)


def test_the_sheet_enlarges_where_methods_differ(folder):
    # "two" has a white spot of 4×4 px in a corner; the window around it is 96 px, shown four times as large.
    Image.new("RGB", (300, 200)).save(folder / "00_a.png")
    Image.new("RGB", (300, 200)).save(folder / "00_b.png")
    spot = np.zeros((200, 300, 3), np.float32)
    spot[180:184, 280:284] = 1
    methods = [Method("one", "1", lambda stack: spot * 0), Method("two", "1", lambda stack: spot)]
    sheet = np.asarray(real_sheet([RealSet("00", sorted(folder.glob("00_*")))], methods))
    assert (sheet[-384:, -384:] == 255).all(axis=2).sum() == 16 * 4**2


def test_photos_are_squares_at_their_own_scale_or_whole(tmp_path):
    ramp = np.repeat(np.arange(600, dtype=np.uint16)[None], 530, axis=0)
    large = (ramp % 2 * 255).astype(np.uint8)  # columns, black and white in turn
    Image.fromarray(large).convert("RGB").save(tmp_path / "large.png")
    Image.fromarray(large[:500]).convert("RGB").save(tmp_path / "small.png")
    own_scale, scaled = load_squares(tmp_path)
    assert own_scale.pixels.shape == scaled.pixels.shape == (256, 256, 3)
    assert own_scale.pixels.std() > 120 > 30 > scaled.pixels.std()


def test_training_crops_repeat_with_their_seed(folder):
    first, second = (next(training_crops(folder / "photos", 3, 4, 16, 32)) for _ in range(2))
    assert first.shape == (4, 3, 16, 16) and first.equal(second)
    assert not first.equal(next(training_crops(folder / "photos", 4, 4, 16, 32)))


def test_methods_take_turns_and_the_table_gives_the_ratio():
    order = []
    calls = {name: lambda name=name: order.append(name) for name in ("a", "b")}
    seconds = time_in_turns(calls, 2)
    assert order == ["a", "b"] * 3 and [len(each) for each in seconds.values()] == [2, 2]
    measured = {"threads": 2, "repeats": 3, "peak_bytes": 2_500_000_000}
    measured["seconds"] = {"1000": {FUSER: [1.0, 0.5, 0.4], "mertens": [0.25, 0.25, 9]}}
    text = speed_table(measured)
    assert "| 1000×1000 | mertens | 4.00 | 250.0 | 0.5 |" in text
    assert "2.50 GB, NOT below" in text
