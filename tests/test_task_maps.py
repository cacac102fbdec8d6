"""`stylefuse <task> --explain FOLDER`: maps as files beside the results."""

import json
from pathlib import Path

import pytest
from PIL import Image

from serving_examples import half_sharp, landscape
from stylefuse.command_line import main


@pytest.fixture
def here(here):
    for name, picture in zip("ab", half_sharp(landscape()), strict=True):
        picture.save(f"{name}.png")
    return here


def test_maps_lie_in_the_folder_and_what_is_missing_is_said(here, capsys):
    assert main(["stylize", "a.png", "-o", "r.png", "--explain", "maps"]) == 0
    assert [path.name for path in Path("maps").iterdir()] == ["r-moved.png"]
    assert Image.open("maps/r-moved.png").mode == "L"
    errors = capsys.readouterr().err.splitlines()
    assert [line[: line.index(": this")] for line in errors] == [
        f"r.png: no map {name}" for name in ("classifier", "critic")
    ]


def test_maps_of_a_chain_are_numbered_where_there_are_several(here, capsys):
    command = ["fuse", "a.png", "b.png", "--style", "ink", "-o", "r.jpg", "--explain", "maps", "--json"]
    assert main(command) == 0
    told = json.loads(capsys.readouterr().out)
    names = [*(f"maps/r-weights-{n}.png" for n in (1, 2)), "maps/r-moved.png"]
    assert [path for paths in told["maps"].values() for path in paths] == names
    assert all(Path(path).is_file() for path in names)
    assert {each["code"] for each in told["maps_missing"].values()} == {"no_network"}


def test_a_folder_that_is_not_empty_needs_force(here, capsys):
    Path("maps").mkdir()
    Path("maps/mine.png").touch()
    command = ["stylize", "a.png", "-o", "r.png", "--explain", "maps"]
    assert main(command) == 2
    assert "--explain maps is not empty: name another folder, or add --force" in capsys.readouterr().err
    assert main([*command, "--force"]) == 0
    assert sorted(path.name for path in Path("maps").iterdir()) == ["mine.png", "r-moved.png"]


def test_a_file_is_no_folder(here, capsys):
    assert main(["stylize", "a.png", "--explain", "a.png"]) == 2
    assert "--explain a.png is a file: name a folder" in capsys.readouterr().err


def test_a_task_without_maps_says_so(here, capsys):
    assert main(["upscale", "a.png", "--explain", "maps"]) == 2
    assert "the task upscale makes no maps: leave it out" in capsys.readouterr().err
