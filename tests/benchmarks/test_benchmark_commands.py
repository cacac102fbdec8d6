"""Every benchmark's command explains itself, and the small parts of styles run on networks of a few numbers."""

import json
import shutil

import pytest
from PIL import Image

from benchmarks.fusion import __main__ as fusion
from benchmarks.restore import __main__ as restore
from benchmarks.serving import __main__ as serving
from benchmarks.style import __main__ as style
from benchmarks.upscale import __main__ as upscale
from benchmarks.video import __main__ as video
from stylefuse.datasets import ManifestDataset
from stylefuse.images.io import to_image
from stylefuse.networks.weights import write_weights
from support import smooth_pictures, write_tiny_data

PARTS = {
    style: (
        "compare",
        "known-faults",
        "speed",
        "train-speed",
        "memory",
        "large",
        "repetition",
        "strength",
        "knobs",
        "viewing",
    ),
    fusion: ("truth", "real", "speed", "memory", "ablation"),
    restore: ("truth", "thresholds", "sheet", "memory"),
    upscale: ("truth", "speed"),
    video: ("flicker", "entering", "whole", "speed", "memory"),
}


@pytest.fixture
def generator(weights, tmp_path):
    write_weights(tmp_path / "generator.safetensors", weights)
    return tmp_path / "generator.safetensors"


@pytest.fixture
def photos(tmp_path):
    """Two photos of 256 px."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for name, picture in zip("ab", smooth_pictures(2, 256, 256), strict=True):
        to_image(picture).save(folder / f"{name}.png")
    return folder


def help_of(benchmark, *part, capsys):
    with pytest.raises(SystemExit) as ended:
        benchmark.main([*part, "--help"])
    assert ended.value.code == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("benchmark", PARTS)
def test_a_command_lists_its_parts_and_each_part_its_options(benchmark, capsys):
    text = help_of(benchmark, capsys=capsys)
    for part in PARTS[benchmark]:
        assert f"    {part}" in text
        assert f" {part} [-h]" in help_of(benchmark, part, capsys=capsys)


def test_the_command_of_serving_lists_its_parts(capsys):
    text = help_of(serving, capsys=capsys)
    assert all(f"  {part} " in text for part in serving.PARTS) and "--soak-minutes" in text
    with pytest.raises(SystemExit):
        serving.main(["lunch", "--model", "m", "--out", "o"])


def test_a_benchmark_needs_a_part_that_it_knows(capsys):
    for arguments in ([], ["lunch"]):
        with pytest.raises(SystemExit):
            style.main(arguments)


def test_a_file_that_is_missing_is_named(tmp_path, capsys):
    assert style.main(["large", str(tmp_path / "none.safetensors")]) == 1
    assert "none.safetensors" in capsys.readouterr().err


def test_large_pictures_come_out_as_in_one_piece(generator, capsys):
    assert style.main(["large", str(generator), "--size", "256"]) == 0
    ink, monet = map(json.loads, capsys.readouterr().out.splitlines())
    assert (ink["style"], monet["style"]) == ("ink", "monet")
    assert ink["strips"]["psnr"] > ink["tiles_apart"]["psnr"] and ink["strips"]["levels"] < 0.5


def test_repetition_of_each_style_stands_beside_that_of_the_photos(generator, photos, capsys):
    assert style.main(["repetition", str(generator), str(photos), "256"]) == 0
    first, *others = map(json.loads, capsys.readouterr().out.splitlines())
    assert first["squares"] == 8 and 0 < first["photos"] < 1
    assert [list(each) for each in others] == [["ink"], ["monet"]]


def test_the_share_of_photos_that_rise_with_strength(generator, photos, tiny_classifier, tmp_path, capsys):
    write_weights(tmp_path / "classifier.safetensors", tiny_classifier)
    files = [str(generator), str(tmp_path / "classifier.safetensors"), str(photos)]
    assert style.main(["strength", *files, "1"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["name"] for line in lines] == ["ink", "monet"]
    assert all(line["photos"] == 1 and line["rising"]["pixels"] in (0, 1) for line in lines)


def test_sheets_of_the_knobs(generator, photos, tmp_path):
    photo = next(iter(photos.iterdir()))
    assert style.main(["knobs", str(generator), str(photo), str(tmp_path / "out")]) == 0
    with (
        Image.open(tmp_path / "out" / "strength.png") as strength,
        Image.open(tmp_path / "out" / "mixing.png") as mixing,
    ):
        assert (
            strength.width > 5 * 160 and strength.height > 1.8 * mixing.height
        )  # two styles, one pair of styles


@pytest.mark.slow
def test_an_ablation_keeps_what_it_measured(tmp_path, weights, tiny_classifier, bf16_pays, capsys):
    manifest = write_tiny_data(tmp_path / "05_model_input" / "images")
    ManifestDataset(filepath=str(tmp_path / "03_primary" / "manifest.csv")).save(manifest)
    for name, each in (("generator", weights), ("classifier", tiny_classifier)):
        write_weights(tmp_path / "06_models" / f"{name}.safetensors", each)
    variants = ["with critic", "with C as guard"]
    options = ["--data", str(tmp_path), "--out", str(tmp_path / "out"), "--images", "12", "--photos", "1"]
    assert fusion.main(["ablation", *options, "--only", *variants]) == 0
    first = capsys.readouterr().out
    assert [line[:24].strip() for line in first.splitlines()] == variants
    assert all("'sensors_loss'" in line for line in first.splitlines())
    assert fusion.main(["ablation", *options, "--only", "with critic"]) == 0
    assert capsys.readouterr().out == first


def test_the_faults_of_two_generators_stand_beside_those_of_photos_and_paintings(
    generator, photos, tmp_path, capsys
):
    for name in ("ink", "monet"):
        shutil.copytree(photos, tmp_path / "paintings" / name)
    folders = ["--photos", str(photos), "--paintings", str(tmp_path / "paintings")]
    arguments = ["known-faults", str(generator), str(generator), *folders]
    assert style.main([*arguments, "--side", "64"]) == 0
    head, _, *rows = capsys.readouterr().out.split("\n\n")[0].splitlines()
    assert head == "| style | fault | photos | paintings | generator 1 | generator 2 |"
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    assert {row[0] for row in cells} == {"ink", "monet"} and all(row[4] == row[5] for row in cells)
    assert style.main([*arguments, "--side", "32"]) == 1
    assert "--side 32" in capsys.readouterr().err
