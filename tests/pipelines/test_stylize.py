import json
import logging
import re
from pathlib import Path
from typing import get_type_hints

import numpy as np
import pytest
import torch
from PIL import ExifTags, Image
from pydantic import ValidationError

from hostile_names import hostile_names
from project import configuration
from stylefuse.datasets import CSVDataset, OutputFolderDataset
from stylefuse.networks.generator import Generator, GeneratorConfig, pack_generator
from stylefuse.pipelines.batches.nodes import run_folder
from stylefuse.pipelines.batches.options import batch_options
from stylefuse.pipelines.batches.pipeline import create_pipeline, folder_node
from stylefuse.pipelines.folders import users_file
from stylefuse.pipelines.journal import BatchRefusedError
from stylefuse.tasks.stylize import TASK
from stylefuse.tasks.stylize.predictor import StylizePredictor

StylizeOptions = batch_options(TASK)


def stylize_folder(generator, folder, staging, options):
    return run_folder(TASK, {"generator": generator}, folder, staging, options)


def asked(style, strength, **changes):
    others = {"preserve_color": "none", "contrast": 1.0, "sharpen": 0.0, "keep_metadata": False}
    others |= {"format": "png", "restart": False}
    limits = {"max_bytes": 20_000_000, "max_pixels": 40_000_000}
    return StylizeOptions(**{"style": style, "strength": strength, **others, **limits, **changes})


@pytest.fixture
def stylize(generator, tmp_path_factory):
    """Restyle a folder into a new one."""

    def stylize(folder, options, staging=None):
        staging = staging or tmp_path_factory.mktemp("results") / ".incoming"
        staging.mkdir(exist_ok=True)
        return stylize_folder(generator, folder, staging, options)

    return stylize


@pytest.fixture(scope="module")
def generator():
    torch.manual_seed(0)
    network = Generator(3, GeneratorConfig((4, 8), 1))
    torch.nn.init.normal_(network.head.weight)
    return pack_generator(network, ["photo", "ink", "monet"], image_size=64)


@pytest.fixture
def folder(tmp_path):
    picture = Image.linear_gradient("L").resize((30, 20)).convert("RGB")
    for name in ("a.jpg", "sub/Ünï code.png", "both.jpg", "both.webp", ".hidden.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        picture.save(tmp_path / name)
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / "cut.png").write_bytes((tmp_path / ".hidden.png").read_bytes()[:60])
    return tmp_path


def test_restyles_what_it_can_and_reports_the_rest(stylize, folder):
    before = sorted(folder.rglob("*"))
    out, report = stylize(folder, asked("monet", 1.0))
    made = sorted(p.relative_to(out).as_posix() for p in out.rglob("[!.]*") if p.is_file())
    assert made == ["a.png", "both.jpg.png", "both.webp.png", "sub/Ünï code.png"]
    assert sorted(name for name in report["output"] if name) == made
    failed = report[report["output"] == ""].set_index("file")["reason"]
    assert set(failed.index) == {"notes.txt", "cut.png"} and all(failed)
    assert Image.open(out / "a.png").size == (30, 20)
    source = np.asarray(Image.open(folder / "sub/Ünï code.png")).astype(int)
    assert np.abs(np.asarray(Image.open(out / "sub/Ünï code.png")) - source).mean() > 1
    assert sorted(folder.rglob("*")) == before


def test_strength_0_keeps_the_pixels(stylize, folder):
    out, _ = stylize(folder, asked(None, 0))
    assert np.array_equal(Image.open(out / "sub/Ünï code.png"), Image.open(folder / "sub/Ünï code.png"))


def test_refuses_an_unknown_style_and_an_empty_folder(stylize, folder, tmp_path_factory):
    with pytest.raises(ValueError, match=r"style: 'manet' .* ink, monet"):
        stylize(folder, asked("manet", 1))
    with pytest.raises(ValueError, match="no files"):
        stylize(tmp_path_factory.mktemp("empty"), asked(None, 1))


def test_a_mixture_with_all_knobs_is_told_in_the_report(stylize, folder):
    knobs = {"preserve_color": "luma", "contrast": 1.2, "sharpen": 0.5}
    _, report = stylize(folder, asked("ink:1+monet:3", 0.9, **knobs))
    told = report.set_index("file")["look"]
    assert json.loads(told["a.jpg"]) == {
        "style": "ink:0.25,monet:0.75",
        "styles": {"ink": 0.25, "monet": 0.75},
        "strength": 0.9,
        **knobs,
        "label": "metadata",
    }
    assert told["cut.png"] == ""


@pytest.mark.parametrize("change", [{"preserve_color": "all"}, {"contrast": 3}, {"sharpen": float("nan")}])
def test_refuses_knobs_out_of_range_before_any_picture(stylize, folder, change):
    words = f"{next(iter(change))}: .*; send"
    with pytest.raises(ValidationError, match=words):
        asked("monet", 1.0, **change)
    with pytest.raises(ValueError, match=f"^{words}"):
        stylize(folder, asked("monet", 1.0).model_copy(update=change))


def test_wiring():
    pipeline = create_pipeline(TASK)
    assert pipeline.inputs() == {"generator", "stylize_input", "stylize_staging", "params:stylize"}
    assert pipeline.outputs() == {"stylize_output", "stylize_report"}
    assert (
        get_type_hints(folder_node(TASK))["options"].model_fields.keys() == StylizeOptions.model_fields.keys()
    )


def test_exif_is_kept_where_asked_and_a_damaged_one_costs_no_result(stylize, tmp_path):
    picture, exif = Image.linear_gradient("L").resize((30, 20)).convert("RGB"), Image.Exif()
    exif[ExifTags.Base.Orientation], exif[ExifTags.Base.Artist] = 6, "Ada"
    picture.save(tmp_path / "a.jpg", exif=exif)
    picture.save(tmp_path / "b.jpg", exif=b"Exif\0\0II*\0\x08\0\0\0\xff\xff")
    for keep, artist in ((False, None), (True, "Ada")):
        out, report = stylize(tmp_path, asked("monet", 1.0, keep_metadata=keep))
        with Image.open(out / "a.png") as made:
            assert made.size == (20, 30)
            assert made.getexif().get(ExifTags.Base.Artist) == artist
            assert made.getexif().get(ExifTags.Base.Orientation, 1) == 1
        assert list(report["output"]) == ["a.png", "b.png"]
        assert bool(report["warnings"][1]) == keep


def test_files_over_the_limits_are_named(stylize, folder):
    _, report = stylize(folder, asked("monet", 1.0, max_bytes=300))
    assert "more than 0.0003 MB" in report.set_index("file")["reason"]["a.jpg"]


def files_of(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("[!.]*") if path.is_file()}


@pytest.mark.parametrize("stop", [0, 1, 3])
def test_an_interrupted_batch_goes_on_to_the_same_bytes(stylize, folder, tmp_path_factory, monkeypatch, stop):
    options = asked("monet", 1.0)
    whole, rows = stylize(folder, options)
    calls = []

    def interrupted(restyler, picture, params):
        if len(calls) == stop:
            raise KeyboardInterrupt
        calls.append(picture.size)
        return restyle(restyler, picture, params)

    restyle, staging = StylizePredictor.restyle, tmp_path_factory.mktemp("results") / ".incoming"
    with monkeypatch.context() as patch:
        patch.setattr(StylizePredictor, "restyle", interrupted)
        with pytest.raises(KeyboardInterrupt):
            stylize(folder, options, staging)
    assert len(files_of(staging)) == stop
    made = []
    monkeypatch.setattr(StylizePredictor, "restyle", lambda *given: (made.append(1), restyle(*given))[1])
    _, report = stylize(folder, options, staging)
    assert len(made) == 4 - stop
    assert files_of(staging) == files_of(whole) and report.equals(rows)


@pytest.mark.parametrize(
    "change", [{"strength": 0.5}, {"style": "ink"}, {"format": "jpeg"}, {"keep_metadata": True}]
)
def test_other_options_are_another_batch(stylize, folder, tmp_path_factory, change):
    staging = tmp_path_factory.mktemp("results") / ".incoming"
    stylize(folder, asked("monet", 1.0), staging)
    before = files_of(staging)
    options = asked(**{"style": "monet", "strength": 1.0, **change})
    with pytest.raises(
        BatchRefusedError, match=rf"4 results .* \({next(iter(change))}: .*stylize\.restart=true"
    ):
        stylize(folder, options, staging)
    assert files_of(staging) == before
    stylize(folder, options.model_copy(update={"restart": True}), staging)
    assert files_of(staging) == files_of(stylize(folder, options)[0])


@pytest.mark.parametrize("change", [{"max_bytes": 30_000_000}, {"max_pixels": 50_000_000}])
def test_limits_decide_no_result_so_the_batch_goes_on(stylize, folder, tmp_path_factory, monkeypatch, change):
    staging, made = tmp_path_factory.mktemp("results") / ".incoming", []
    stylize(folder, asked("monet", 1.0), staging)
    monkeypatch.setattr(StylizePredictor, "restyle", lambda *given: made.append(1))
    stylize(folder, asked("monet", 1.0, **change), staging)
    assert made == []


def test_an_option_of_a_later_version_at_its_default_makes_no_other_batch():
    class Later(StylizeOptions):
        grain: float = 0.0

    given = asked("monet", 1.0).model_dump()
    assert Later(**given).fingerprinted() == asked("monet", 1.0).fingerprinted()
    assert Later(**given, grain=1.0).fingerprinted() == {**asked("monet", 1.0).fingerprinted(), "grain": 1.0}


def test_another_generator_is_another_batch(stylize, generator, folder, tmp_path_factory):
    staging = tmp_path_factory.mktemp("results") / ".incoming"
    before = files_of(stylize(folder, asked("monet", 1.0), staging)[0])
    moved = generator._replace(tensors={name: tensor * 1.1 for name, tensor in generator.tensors.items()})
    with pytest.raises(BatchRefusedError, match="generator: "):
        stylize_folder(moved, folder, staging, asked("monet", 1.0))
    stylize_folder(moved, folder, staging, asked("monet", 1.0, restart=True))
    assert all(data != before[name] for name, data in files_of(staging).items())


@pytest.mark.parametrize(("file_format", "suffix"), [("png", ".png"), ("jpeg", ".jpg"), ("webp", ".webp")])
def test_results_have_the_format_asked_for_with_exif(stylize, tmp_path, file_format, suffix):
    picture, exif = Image.linear_gradient("L").resize((30, 20)).convert("RGB"), Image.Exif()
    exif[ExifTags.Base.Orientation], exif[ExifTags.Base.Artist] = 6, "Ada"
    picture.save(tmp_path / "a.jpg", exif=exif)
    out, report = stylize(tmp_path, asked("monet", 1.0, keep_metadata=True, format=file_format))
    assert list(report["output"]) == [f"a{suffix}"]
    with Image.open(out / f"a{suffix}") as made:
        assert (made.format, made.size) == (file_format.upper(), (20, 30))
        assert (
            made.getexif()[ExifTags.Base.Artist] == "Ada" and made.getexif()[ExifTags.Base.Orientation] == 1
        )


def test_a_picture_that_webp_cannot_hold_is_named_with_the_remedy(stylize, tmp_path):
    Image.new("RGB", (16_384, 4)).save(tmp_path / "panorama.png")
    Image.new("RGB", (40, 30)).save(tmp_path / "small.png")
    _, report = stylize(tmp_path, asked("monet", 0, format="webp"))
    reason = report.set_index("file")["reason"]
    assert (
        "16384×4 pixels, and webp holds 16383" in reason["panorama.png"] and "png" in reason["panorama.png"]
    )
    assert reason["small.png"] == ""


def test_an_unknown_format_is_refused_with_those_there_are():
    with pytest.raises(ValidationError, match="'png', 'jpeg' or 'webp'"):
        asked("monet", 1.0, format="gif")


@pytest.mark.parametrize("output", [".", "results", "sub"])
def test_results_among_the_pictures_are_refused_before_the_first(stylize, folder, output):
    (folder / output).mkdir(exist_ok=True)
    before = files_of(folder)
    with pytest.raises(
        ValueError, match=f"pictures of {folder} .* written to {(folder / output)}.*stylize_input="
    ):
        stylize(folder, asked("monet", 1.0), folder / output / ".incoming")
    with pytest.raises(ValueError, match=r"stylize_input="):
        stylize(folder / "sub", asked("monet", 1.0), folder / ".incoming")
    assert files_of(folder) == before


def test_linked_folders_are_restyled_and_links_to_nothing_are_named(stylize, folder, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("disk")
    (elsewhere / "c.jpg").write_bytes((folder / "a.jpg").read_bytes())
    (folder / "2023").symlink_to(elsewhere)
    (folder / "gone.jpg").symlink_to(elsewhere / "nothing.jpg")
    out, report = stylize(folder, asked("monet", 1.0))
    told = report.set_index("file")
    assert told["output"]["2023/c.jpg"] == "2023/c.png" and (out / "2023/c.png").is_file()
    assert "leads to nothing" in told["reason"]["gone.jpg"]


def test_hostile_names_pass_and_the_report_can_be_written(stylize, tmp_path, tmp_path_factory, caplog):
    """Every name that a file system can hold; a few hold no picture."""
    Image.linear_gradient("L").resize((8, 6)).convert("RGB").save(tmp_path / ".png", "PNG")
    data = (tmp_path / ".png").read_bytes()
    names = hostile_names(300)
    for i, name in enumerate(names):
        (tmp_path / name).write_bytes(b"no picture" if i % 50 == 7 else data)
    out, report = stylize(tmp_path, asked("monet", 1.0))
    users_own = [path for path in tmp_path.iterdir() if users_file(path.name)]
    bad = sum(i % 50 == 7 and users_file(name) for i, name in enumerate(names))
    made = files_of(out)
    assert len(report) == len(users_own) and bad >= 3
    assert int((report["output"] != "").sum()) == len(made) == len(users_own) - bad
    assert (report["output"] == "").eq(report["reason"] != "").all()
    pictures = {path.name for path in users_own if path.read_bytes() == data}
    stems = {Path(name).stem for name in pictures}
    assert all(path.name.removesuffix(".png") in pictures | stems or path.name[-13] == "-" for path in made)
    OutputFolderDataset(filepath=str(out.parent)).save(out)
    assert files_of(out.parent) == made
    CSVDataset(filepath=str(tmp_path_factory.mktemp("report") / "stylized.csv")).save(report)
    assert json.dumps(report.to_dict(), ensure_ascii=False).encode("utf-8")
    assert r"\xe9" in report["file"].str.cat() and not re.search(
        r"[\x00-\x1f\x7f\u202e]", report["file"].str.cat()
    )
    logged = "".join(record.getMessage() for record in caplog.records)
    assert logged and logged.isprintable()


def test_a_name_that_begins_a_formula_is_marked_as_text_in_the_report(stylize, tmp_path):
    picture = Image.linear_gradient("L").resize((8, 6)).convert("RGB")
    for name in ("=HYPERLINK(x).jpg", "-1.jpg"):
        picture.save(tmp_path / name)
    (tmp_path / "@sum.txt").write_text("hello")
    out, report = stylize(tmp_path, asked("monet", 1.0))
    assert list(report["file"]) == ["'-1.jpg", "'=HYPERLINK(x).jpg", "'@sum.txt"]
    assert list(report["output"]) == ["'-1.png", "'=HYPERLINK(x).png", ""]
    assert (out / "-1.png").is_file() and (out / "=HYPERLINK(x).png").is_file()


def test_the_last_line_says_where_the_results_are(stylize, folder, caplog, tmp_path_factory):
    caplog.set_level(logging.INFO)
    staging = tmp_path_factory.mktemp("results") / ".incoming"
    stylize(folder, asked("monet", 1.0), staging)
    assert caplog.messages[-1] == f"4 of 6 pictures restyled; results are in {staging.parent}"


@pytest.mark.parametrize("name", ["stylize", "fuse"])
def test_every_result_may_be_a_picture_of_the_next_batch(name):
    """The limit of bytes is above any file of as many pixels as are allowed: 16 bits, three channels."""
    options = configuration("parameters")[name]
    assert options["max_bytes"] > 6 * options["max_pixels"]
