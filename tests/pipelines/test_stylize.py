import json
from typing import get_type_hints

import numpy as np
import pytest
import torch
from PIL import ExifTags, Image

from stylefuse.networks.generator import Generator, GeneratorConfig, pack_generator
from stylefuse.pipelines.stylize import create_pipeline
from stylefuse.pipelines.stylize.nodes import stylize_folder
from stylefuse.pipelines.stylize.options import StylizeOptions


def asked(style, strength, **changes):
    others = {"preserve_color": "none", "contrast": 1.0, "sharpen": 0.0, "keep_metadata": False}
    others["format"] = "png"
    limits = {"max_bytes": 20_000_000, "max_pixels": 40_000_000}
    return StylizeOptions(**{"style": style, "strength": strength, **others, **limits, **changes})


@pytest.fixture
def stylize(generator, tmp_path_factory):
    """Restyle a folder into a new one."""

    def stylize(folder, options):
        staging = tmp_path_factory.mktemp("results") / ".incoming"
        staging.mkdir()
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
    }
    assert told["cut.png"] == ""


@pytest.mark.parametrize("change", [{"preserve_color": "all"}, {"contrast": 3}, {"sharpen": float("nan")}])
def test_refuses_knobs_out_of_range_before_any_picture(stylize, folder, change):
    with pytest.raises(ValueError, match=f"^{next(iter(change))}: .*; send"):
        stylize(folder, asked("monet", 1.0, **change))


def test_wiring():
    pipeline = create_pipeline()
    assert pipeline.inputs() == {"generator", "stylize_input", "stylize_staging", "params:stylize"}
    assert pipeline.outputs() == {"stylize_output", "stylize_report"}
    assert get_type_hints(stylize_folder)["options"] is StylizeOptions


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
