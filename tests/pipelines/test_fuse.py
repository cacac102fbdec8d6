"""A folder of sets: what can be fused is, what cannot is told with its reason."""

import json
import logging
import os
from pathlib import Path
from typing import get_type_hints

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image, ImageFilter
from pydantic import ValidationError

from hostile_names import hostile_names
from stylefuse.datasets import CSVDataset, OutputFolderDataset
from stylefuse.images.deep import decode_deep, encode_deep, save_deep
from stylefuse.images.picture_sets import find_sets
from stylefuse.networks.generator import pack_generator
from stylefuse.pipelines import batch
from stylefuse.pipelines.batches.nodes import run_folder
from stylefuse.pipelines.batches.options import batch_options
from stylefuse.pipelines.batches.pipeline import create_pipeline, folder_node
from stylefuse.pipelines.folders import users_file, visible_files
from stylefuse.pipelines.journal import BatchRefusedError
from stylefuse.tasks.fuse import TASK
from stylefuse.tasks.fuse.config import FuserConfig
from stylefuse.tasks.fuse.network import Fuser, pack_fuser
from stylefuse.tasks.fuse.weights_sheet import SIDE, weights_sheet
from support import STYLES, lively_generator, scene

COLUMNS = ["set", "files", "output", "mode", "registration", "warnings", "reason"]
FuseOptions = batch_options(TASK)


def fuse_folder(generator, fuser, folder, staging, options):
    return run_folder(TASK, {"generator": generator, "fuser": fuser}, folder, staging, options)


OPTIONS = FuseOptions(
    preserve_color="none",
    contrast=1.0,
    sharpen=0.0,
    mode="auto",
    align=False,
    style=None,
    strength=1.0,
    keep_metadata=False,
    format="png",
    restart=False,
    max_bytes=20_000_000,
    max_pixels=40_000_000,
)


@pytest.fixture(scope="module")
def networks():
    generator = lively_generator()
    torch.manual_seed(0)
    fuser = Fuser(generator.encoder, FuserConfig((6, 8, 8), (4, 4, 4)))
    facts = {"image_size": 32, "fingerprint": "f00d"}
    return pack_generator(generator, STYLES, **facts), pack_fuser(fuser, "f00d", fingerprint="beef")


@pytest.fixture
def fuse(networks, tmp_path_factory):
    """Fuse the sets of a folder into a new one."""

    def fuse(folder, options=OPTIONS, networks=networks, staging=None):
        staging = staging or tmp_path_factory.mktemp("results") / ".incoming"
        staging.mkdir(exist_ok=True)
        return fuse_folder(*networks, folder, staging, options)

    return fuse


def write(path: Path, pixels: np.ndarray) -> None:
    path.parent.mkdir(exist_ok=True)
    save_deep(pixels, path)


@pytest.fixture
def folder(tmp_path):
    """Sets good and bad."""
    folder = tmp_path / "sets"
    folder.mkdir()
    random = np.random.default_rng(0)
    sharp = random.integers(60, 200, (64, 80, 3), np.uint8)
    blurred = np.asarray(Image.fromarray(sharp).filter(ImageFilter.GaussianBlur(2)))
    write(folder / "01_a.png", np.concatenate([sharp[:, :40], blurred[:, 40:]], 1))
    write(folder / "01_b.png", np.concatenate([blurred[:, :40], sharp[:, 40:]], 1))
    write(folder / "sub" / "Ünï_code_a.png", scene(random))
    write(folder / "sub" / "Ünï_code_c.jpg", scene(random))
    deep = scene(random)[..., 0].astype(np.uint16) * 257 + 5
    write(folder / "deep_a.tif", deep)
    write(folder / "deep_b.png", deep)
    write(folder / "sizes_a.png", scene(random))
    write(folder / "sizes_b.png", scene(random, 40, 56))
    write(folder / "alone_a.png", scene(random))
    write(folder / "twice_a.png", scene(random))
    write(folder / "twice_a.jpg", scene(random))
    write(folder / "twice_b.png", scene(random))
    write(folder / "cut_a.png", scene(random))
    (folder / "cut_b.png").write_bytes((folder / "cut_a.png").read_bytes()[:80])
    write(folder / "holiday.png", scene(random))
    write(folder / "x_i.png", scene(random))
    (folder / ".DS_Store").write_bytes(b"\0")
    return folder


def test_fuses_what_it_can_and_reports_the_rest(fuse, folder):
    before = sorted(folder.rglob("*"))
    out, report = fuse(folder, OPTIONS)
    assert list(report.columns) == COLUMNS
    made = sorted(path.relative_to(out).as_posix() for path in out.rglob("[!.]*") if path.is_file())
    good = ["01", "deep", "sub/Ünï_code"]
    assert made == sorted(name + end for name in good for end in (".png", "_weights.png", ".json"))

    sets = report[report["set"] != ""].set_index("set")
    assert sorted(sets.index[sets["output"] != ""]) == good
    assert (sets["output"] != "").eq(sets["reason"] == "").all()
    assert sets.loc["01", "files"] == "01_a.png, 01_b.png" and sets.loc["01", "output"] == "01.png"
    reasons = {
        "alone": "one picture",
        "cut": "cut_b.png: ",
        "sizes": "align=true",
        "twice": "twice_a.jpg and twice_a.png have the same letter a",
    }
    assert sorted(sets.index[sets["reason"] != ""]) == sorted(reasons)
    assert all(words in sets.loc[name, "reason"] for name, words in reasons.items())

    strays = report[report["set"] == ""].set_index("files")["reason"]
    assert sorted(strays.index) == ["holiday.png", "x_i.png"]
    assert all("01_a.jpg, 01_b.jpg" in reason for reason in strays)
    assert sorted(folder.rglob("*")) == before


def test_the_picture_its_weights_and_its_report(fuse, folder):
    out, _ = fuse(folder, OPTIONS.model_copy(update={"mode": "focus"}))
    fused = np.asarray(Image.open(out / "01.png")).astype(int)
    sharp = [np.asarray(Image.open(folder / f"01_{letter}.png")).astype(int) for letter in "ab"]
    for half in (np.s_[:, 4:32], np.s_[:, 48:76]):
        near, far = sorted(np.abs(fused[half] - each[half]).mean() for each in sharp)
        assert near < far / 2  # each half comes from the picture that is sharp there

    weights = np.asarray(Image.open(out / "01_weights.png").convert("L")).astype(int)
    assert (
        weights.shape[0] > 64 and weights.shape[1] == 2 * 80 + 2
    )  # labels above, two maps beside each other
    maps = weights[-64:, :80], weights[-64:, 82:]
    assert maps[0][:, :32].mean() > maps[0][:, 48:].mean()
    assert np.abs(maps[0] + maps[1] - 255).max() <= 1

    report = json.loads((out / "01.json").read_text(encoding="utf-8"))
    assert report["files"] == ["01_a.png", "01_b.png"] and report["mode"] == "focus"
    assert len(report["pixels_from"]) == 2 and report["registration"]["verdict"]


def test_deep_sets_stay_deep_until_they_are_restyled(fuse, folder):
    out, _ = fuse(folder, OPTIONS)
    fused = decode_deep(out / "deep.png")
    assert (fused.dtype, fused.ndim) == (np.uint16, 2)
    restyled, _ = fuse(folder, OPTIONS.model_copy(update={"style": "red"}))
    picture = decode_deep(restyled / "deep.png")
    assert (picture.dtype, picture.shape) == (np.uint8, (*fused.shape, 3))
    report = json.loads((restyled / "deep.json").read_text(encoding="utf-8"))
    assert (report["style"], report["strength"], report["contrast"]) == ("red", 1.0, 1.0)
    assert np.abs(picture.astype(float) - fused[..., None] / 257).mean() > 1


def test_strength_0_is_the_fused_picture(fuse, folder):
    plain, _ = fuse(folder, OPTIONS)
    none, _ = fuse(folder, OPTIONS.model_copy(update={"style": "red", "strength": 0.0}))
    assert np.array_equal(Image.open(plain / "01.png"), Image.open(none / "01.png"))


def test_pictures_taken_by_hand_are_aligned_when_asked(fuse, tmp_path):
    random = np.random.default_rng(1)
    whole = np.full((240, 300, 3), 90, np.uint8)
    for _ in range(120):
        top, left = random.integers(0, 220), random.integers(0, 280)
        whole[top : top + 20, left : left + 25] = random.integers(20, 235, 3)
    write(tmp_path / "hand_a.png", whole[20:220, 20:280])
    write(tmp_path / "hand_b.png", whole[14:214, 10:270])
    _, report = fuse(tmp_path, OPTIONS)
    assert report.loc[0, "registration"] == "shifted" and "align=true" in report.loc[0, "warnings"]
    out, report = fuse(tmp_path, OPTIONS.model_copy(update={"align": True}))
    assert report.loc[0, "registration"] == "registered"
    width, height = Image.open(out / "hand.png").size
    assert 200 < width < 260 and 150 < height < 200


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"mode": "average"}, "mode: 'average'.*auto, focus"),
        ({"style": "manet"}, "style: 'manet'.*blue, red"),
        ({"style": "red:1+blue:0"}, "style: the weight of 'blue'"),
        ({"style": "red", "contrast": 9.0}, "contrast: 9.0 .*from 0.5 to 2"),
    ],
)
def test_what_no_set_could_have_is_refused_before_any(fuse, folder, change, words):
    with pytest.raises(ValueError, match=words):
        fuse(folder, OPTIONS.model_copy(update=change))


@pytest.mark.parametrize(
    "change", [{"strength": 0.5}, {"preserve_color": "luma"}, {"contrast": 1.1}, {"sharpen": 1}]
)
def test_a_look_without_a_style_is_refused(change):
    with pytest.raises(ValidationError, match=f"{next(iter(change))} .* is of no style"):
        FuseOptions(**{**OPTIONS.model_dump(), **change})


def test_needs_a_fuser_of_this_generator(fuse, networks, folder):
    generator, fuser = networks
    with pytest.raises(ValueError, match=r"no fuser.*train_fusion"):
        fuse(folder, networks=(generator, None))
    other = generator._replace(facts={**generator.facts, "fingerprint": "other"})
    with pytest.raises(ValueError, match="f00d, this one is other"):
        fuse(folder, networks=(other, fuser))


def test_a_folder_without_sets_says_how_they_are_named(fuse, tmp_path):
    write(tmp_path / "holiday.png", scene(np.random.default_rng(0)))
    with pytest.raises(ValueError, match=r"no sets in .*01_a\.jpg, 01_b\.jpg"):
        fuse(tmp_path, OPTIONS)


def test_a_folder_of_bad_sets_only_is_an_error(fuse, tmp_path):
    write(tmp_path / "alone_a.png", scene(np.random.default_rng(0)))
    with pytest.raises(ValueError, match=r"none of the 1 sets .* alone: .*one picture"):
        fuse(tmp_path, OPTIONS)


def test_sets_are_told_apart_by_folder_and_name():
    names = ("1_b.png", "1_a.jpg", "x/1_a.png", "1_2_a.png", "a.png", "_a.png", "1_A.png", "x/1_h.tif")
    sets, strays = find_sets(Path(name) for name in names)
    found = {each.name.as_posix(): [path.as_posix() for path in each.paths] for each in sets}
    assert found == {"1": ["1_a.jpg", "1_b.png"], "1_2": ["1_2_a.png"], "x/1": ["x/1_a.png", "x/1_h.tif"]}
    assert sorted(path.as_posix() for path in strays) == ["1_A.png", "_a.png", "a.png"]


def test_no_set_writes_over_the_weights_of_another():
    sets, _ = find_sets([Path("1_weights_a.png"), Path("1_weights_b.png")])
    assert "_weights" in sets[0].fault()


def test_weight_maps_of_large_pictures_are_shrunk():
    ramp = np.tile(np.linspace(0, 1, 4 * SIDE, dtype=np.float32), (40, 1))
    sheet = np.asarray(weights_sheet([ramp, 1 - ramp], ["a", "b"]).convert("L")).astype(int)
    assert sheet.shape[1] == 2 * SIDE + 2
    assert sheet[-1, 0] < 2 and sheet[-1, SIDE - 1] > 253 and sheet[-1, SIDE + 2] > 253


def test_the_table_survives_its_file(fuse, folder, tmp_path):
    _, report = fuse(folder, OPTIONS)
    report.to_csv(tmp_path / "fused.csv", index=False)
    again = pd.read_csv(tmp_path / "fused.csv", dtype=str, keep_default_na=False)
    assert again.to_numpy().tolist() == report.to_numpy().tolist()


def test_wiring():
    pipeline = create_pipeline(TASK)
    assert pipeline.inputs() == {"generator", "fuser", "fuse_input", "fuse_staging", "params:fuse"}
    assert pipeline.outputs() == {"fuse_output", "fuse_report"}
    assert get_type_hints(folder_node(TASK))["options"].model_fields.keys() == FuseOptions.model_fields.keys()


def files_of(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("[!.]*") if path.is_file()}


@pytest.mark.parametrize("stop", [0, 1, 5, 9])
def test_an_interrupted_batch_goes_on_to_the_same_bytes(fuse, folder, tmp_path_factory, monkeypatch, stop):
    """Between two files of a set as well: three are written for each of the three good sets."""
    whole, rows = fuse(folder)
    write, written = batch.write_whole, []

    def interrupted(path, data):
        if len(written) == stop:
            raise KeyboardInterrupt
        written.append(path.name)
        write(path, data)

    staging = tmp_path_factory.mktemp("results") / ".incoming"
    with monkeypatch.context() as patch:
        patch.setattr(batch, "write_whole", interrupted)
        if stop < 9:
            with pytest.raises(KeyboardInterrupt):
                fuse(folder, staging=staging)
        else:
            fuse(folder, staging=staging)
    monkeypatch.setattr(batch, "write_whole", lambda *given: (written.append(given), write(*given))[1])
    _, report = fuse(folder, staging=staging)
    assert len(written) == stop + 9 - stop // 3 * 3
    assert files_of(staging) == files_of(whole) and report.equals(rows)


def test_another_fuser_is_another_batch(fuse, networks, folder, tmp_path_factory):
    staging = tmp_path_factory.mktemp("results") / ".incoming"
    before = files_of(fuse(folder, staging=staging)[0])
    generator, fuser = networks
    moved = fuser._replace(tensors={name: tensor + 0.1 for name, tensor in fuser.tensors.items()})
    with pytest.raises(BatchRefusedError, match=r"3 results .*\(fuser: .*fuse\.restart=true"):
        fuse(folder, networks=(generator, moved), staging=staging)
    assert files_of(staging) == before
    anew = OPTIONS.model_copy(update={"restart": True})
    fuse(folder, anew, networks=(generator, moved), staging=staging)
    assert files_of(staging) == files_of(fuse(folder, networks=(generator, moved))[0]) != before


@pytest.mark.parametrize("style", [None, "red"])
@pytest.mark.parametrize(("file_format", "suffix"), [("jpeg", ".jpg"), ("webp", ".webp")])
def test_results_in_other_formats_have_8_bits(fuse, folder, file_format, suffix, style):
    out, report = fuse(folder, OPTIONS.model_copy(update={"format": file_format, "style": style}))
    png, _ = fuse(folder, OPTIONS.model_copy(update={"style": style}))
    assert report.set_index("set")["output"]["deep"] == f"deep{suffix}"
    kept, found = (decode_deep(folder / name) for folder, name in ((png, "deep.png"), (out, f"deep{suffix}")))
    assert found.dtype == np.uint8
    if style is None:  # a generator that was never trained paints noise, which WebP blurs
        grey = found.mean(axis=2) if found.ndim > kept.ndim else found  # WebP has no grey
        assert kept.dtype == np.uint16 and np.abs(grey - kept / 257).mean() < 4
    assert (out / "deep_weights.png").is_file() and (out / "deep.json").is_file()


def test_results_among_the_pictures_are_refused_before_the_first(fuse, folder):
    before = files_of(folder)
    for staging in (folder / ".incoming", folder / "sub" / ".incoming"):
        with pytest.raises(ValueError, match=f"{folder} .* written to {staging.parent}.*fuse_input="):
            fuse(folder, staging=staging)
    assert files_of(folder) == before


def test_one_name_in_two_normal_forms_is_one_set():
    sets, _ = find_sets([Path("Café_a.png"), Path("Cafe\u0301_b.png"), Path("other_a.png")])
    assert [len(each.files) for each in sets] == [2, 1]


def test_sets_whose_results_would_be_one_on_some_disks_have_names_of_their_own(fuse, tmp_path):
    random = np.random.default_rng(0)
    for name in ("A_a", "A_b", "a_a", "a_b"):
        write(tmp_path / f"{name}.png", scene(random))
    out, report = fuse(tmp_path)
    assert len({path.name.casefold() for path in files_of(out)}) == 6
    assert all("another one would have that name" in warning for warning in report["warnings"])
    assert all((out / name).is_file() for name in report["output"])


def test_files_and_links_that_cannot_be_read_are_named(fuse, folder):
    (folder / "01_c.png").symlink_to(folder / "nothing.png")
    (folder / "stray.png").symlink_to(folder / "nowhere.png")
    _, report = fuse(folder)
    told = report.set_index("set")["reason"]
    assert "01_c.png: a link that leads to nothing" in told["01"]
    strays = report[report["set"] == ""].set_index("files")["reason"]
    assert "leads to nothing" in strays["stray.png"] and "belongs to no set" in strays["holiday.png"]


def test_hostile_names_pass_and_the_report_can_be_written(fuse, tmp_path, tmp_path_factory, caplog):
    random, longest = np.random.default_rng(0), len("_a.png")
    names = [
        name for name in hostile_names(160) if users_file(name) and len(os.fsencode(name)) + longest <= 255
    ]
    names += ["x" * (255 - longest), "\udce9" * (255 - longest)]
    data = [encode_deep(scene(random, 16, 16)) for _ in "ab"]
    for i, name in enumerate(names):
        for letter, picture in zip("ab", data, strict=True):
            (tmp_path / f"{name}_{letter}.png").write_bytes(picture if i % 40 else b"no picture")
    out, report = fuse(tmp_path)
    sets, strays = find_sets(visible_files(tmp_path))
    assert not strays and len(report) == len(sets) and report["set"].is_unique
    good = report["output"] != ""
    assert good.eq(report["reason"] == "").all() and (~good).sum() >= 4
    made = files_of(out)
    assert len(made) == 3 * good.sum()
    for path, content in made.items():
        if path.suffix == ".json":
            assert json.loads(content)["files"]
    OutputFolderDataset(filepath=str(out.parent)).save(out)
    assert files_of(out.parent) == made
    CSVDataset(filepath=str(tmp_path_factory.mktemp("report") / "fused.csv")).save(report)
    logged = "".join(record.getMessage() for record in caplog.records)
    assert logged and logged.isprintable()


def test_the_last_line_says_where_the_results_are(fuse, folder, caplog, tmp_path_factory):
    caplog.set_level(logging.INFO)
    staging = tmp_path_factory.mktemp("results") / ".incoming"
    fuse(folder, staging=staging)
    assert (
        caplog.messages[-1] == f"3 of 7 sets fused, 2 files belong to none; results are in {staging.parent}"
    )
