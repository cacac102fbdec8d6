"""`stylefuse <task>`: what it makes of files and folders, and how it refuses the rest."""

import builtins
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from serving_examples import half_sharp, landscape
from stylefuse.command_line import main
from stylefuse.images.encoding import SUFFIXES
from stylefuse.serving.bundle import ModelError
from stylefuse.task_files import FORMATS


@pytest.fixture
def unloaded(here, monkeypatch):
    """The same, where the model must not be needed."""
    monkeypatch.setattr("stylefuse.model.load", lambda model, device: pytest.fail("the model was loaded"))
    return here


def save(*names: str) -> None:
    for name in names:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        landscape(32, 24).save(name)


def save_set(*names: str) -> None:
    for name, image in zip(names, half_sharp(landscape()), strict=True):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        image.save(name)


def lines(capsys) -> list[dict]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_formats_are_those_of_the_encoder():
    assert FORMATS == SUFFIXES


def test_a_folder_names_what_gives_no_result(here, capsys):
    save_set("in/01_a.png", "in/01_b.png")
    save("in/02_a.png", "in/notes.png")
    assert main(["fuse", "in", "-o", "out"]) == 1
    printed = capsys.readouterr()
    assert printed.out == "out/01.png\n" and Path("out/01.png").is_file()
    assert "in/02_a.png: the set has one picture; add 02_b" in printed.err
    assert "in/notes.png: the file belongs to no set; the pictures of a set are named" in printed.err
    assert main(["fuse", "in", "-o", "out2", "--json"]) == 1
    made, lonely, stray = lines(capsys)
    assert "report" in made and made["output"] == "out2/01.png"
    assert lonely["error"]["code"] == "not_a_set" and lonely["pictures"] == ["in/02_a.png"]
    assert stray["error"]["code"] == "not_a_set" and stray["output"] is None


def test_sets_that_all_have_faults_need_no_model(unloaded, capsys):
    save("in/02_a.png")
    assert main(["fuse", "in", "-o", "out"]) == 1
    assert "the set has one picture" in capsys.readouterr().err


@pytest.mark.parametrize("module", ["stylefuse.model", "stylefuse.tasks.task", "stylefuse.pipelines.folders"])
def test_ctrl_c_while_modules_are_imported(here, monkeypatch, module, capsys):
    save("in/a.png")
    usual = builtins.__import__

    def interrupted(name, *rest, **options):
        if name == module:
            raise KeyboardInterrupt
        return usual(name, *rest, **options)

    monkeypatch.setattr(builtins, "__import__", interrupted)
    assert main(["stylize", "in", "-o", "out"]) == 130
    assert capsys.readouterr().err == ""


def test_ctrl_c_while_a_model_is_loaded(here, monkeypatch):
    def interrupted(model, device):
        raise KeyboardInterrupt

    save("a.png")
    monkeypatch.setattr("stylefuse.model.load", interrupted)
    assert main(["stylize", "a.png"]) == 130


def test_a_device_that_is_not_there(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 0)
    save("a.png")
    assert main(["stylize", "a.png", "--device", "cuda", "--model", "nowhere"]) == 2
    assert "there is no device cuda" in capsys.readouterr().err


def test_a_model_that_is_not_there(here, monkeypatch, capsys):
    def missing(model, device):
        raise ModelError("there is no such model")

    monkeypatch.setattr("stylefuse.model.load", missing)
    save("a.png")
    assert main(["stylize", "a.png", "--json"]) == 1
    assert lines(capsys) == [{"error": {"code": "model", "message": "there is no such model", "remedy": ""}}]


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (
            "stylize a.png --format jpeg -o out.png",
            "--format jpeg contradicts --output out.png: end it in .jpg",
        ),
        ("stylize a.png --format png -o out.jpeg", "contradicts"),
        ("stylize a.png -o out.gif", "end it in .png, .jpg or .webp, or name a folder that exists"),
        ("stylize a.png -o noext", "end it in .png, .jpg or .webp, or name a folder that exists"),
        ("stylize a.png b.png -o two.png", "--output two.png names one file: name a folder"),
        ("stylize a.png b.png -o file", "--output file is a file: name a folder"),
        ("stylize in -o file", "--output file is a file: name a folder"),
        ("stylize in -o new.png", "--output new.png names one file: name a folder"),
        ("stylize in", "name it with --output"),
        ("stylize in -o in/out", "lies among the pictures"),
        ("stylize in a.png -o out", "name files, or one folder"),
        ("stylize missing.png", "there is no missing.png"),
        ("stylize a.png a.png", "two results would be called"),
        ("stylize a.png -o a.png", "a.png is a picture of the input"),
        (
            "stylize a.png -o there.png",
            "there.png exists: name another --output, or add --skip-existing or --force",
        ),
        ("fuse a.png", "there is 1 picture for the task fuse: give 2 to 8, or a folder of sets"),
        ("fuse a.png b.png --contrast 2", "send style or strength as well"),
        ("stylize a.png --strength 2", "2.0 is not a number from 0 to 1"),
    ],
)
def test_wrong_use_is_refused_before_the_model_is_loaded(unloaded, capsys, command, words):
    save("a.png", "b.png", "in/c.png", "there.png")
    Path("file").write_text("mine")
    assert main(command.split()) == 2
    printed = capsys.readouterr()
    assert words in printed.err and printed.out == ""
    assert main([*command.split(), "--json"]) == 2
    (line,) = lines(capsys)
    assert line["error"].keys() == {"code", "message", "remedy"} and line["error"]["remedy"]


def test_what_the_parser_refuses_is_json_too(unloaded, capsys):
    for wrong in (["stylize", "a.png", "--json", "--strength", "x"], ["nothing", "--json"]):
        with pytest.raises(SystemExit) as ended:
            main(wrong)
        assert ended.value.code == 2
        assert lines(capsys)[0]["error"]["code"] == "wrong_use"
    with pytest.raises(SystemExit):
        main(["stylize", "a.png", "--strength", "x"])
    assert capsys.readouterr().out == ""
    with pytest.raises(SystemExit):
        main(["stylize", "a.png", "--force", "--skip-existing"])


def test_a_wrong_style_is_found_once(here, capsys):
    save("in/a.png", "in/b.png")
    assert main(["stylize", "in", "-o", "out", "--style", "cubism"]) == 2
    assert capsys.readouterr().err.count("cubism") == 1 and not Path("out").exists()


def test_results_of_one_stem_have_names_of_their_own(here, capsys):
    save("in/x.jpg", "in/x.png", "in/y.png", "other/y.png")
    assert main(["stylize", "in", "-o", "out"]) == 0
    assert sorted(path.name for path in Path("out").iterdir()) == ["x.jpg.png", "x.png.png", "y.png"]
    assert main(["stylize", "in/x.jpg", "in/x.png", "in/y.png", "other/y.png"]) == 0
    made = {path.name for path in Path().glob("*.png")}
    assert made == {
        "x.jpg-restyled.png",
        "x.png-restyled.png",
        "in_y.png-restyled.png",
        "other_y.png-restyled.png",
    }


def test_a_folder_goes_on(here, capsys):
    save("in/a.png", "in/b.png", "out/a.png")
    kept = Path("out/a.png").read_bytes()
    assert main(["stylize", "in", "-o", "out"]) == 2
    assert main(["stylize", "in", "-o", "out", "--skip-existing", "--json"]) == 0
    first, second = lines(capsys)
    assert first == {"pictures": ["in/a.png"], "output": "out/a.png", "skipped": True} and "report" in second
    assert Path("out/a.png").read_bytes() == kept and Path("out/b.png").is_file()


def test_a_folder_that_is_done_needs_no_model(unloaded):
    save("in/a.png", "out/a.png")
    assert main(["stylize", "in", "-o", "out", "--skip-existing"]) == 0


def test_a_style_restyles_what_was_fused(here, loaded):
    save_set("a.png", "b.png")
    assert main(["fuse", "a.png", "b.png", "--style", "ink", "--contrast", "2"]) == 0
    assert main(["fuse+stylize", "a.png", "b.png", "--style", "ink", "--contrast", "2", "-o", "c.png"]) == 0
    same = loaded.fuse(["a.png", "b.png"], style="ink", contrast=2.0)
    assert np.array_equal(Image.open("a-restyled.png"), same) and np.array_equal(Image.open("c.png"), same)


def test_the_bad_picture_of_a_set_is_named(here, capsys):
    save_set("a.png", "b.png")
    Path("b.png").write_bytes(b"")
    assert main(["fuse", "a.png", "b.png"]) == 1
    assert "b.png: the file is empty; copy" in capsys.readouterr().err


def test_names_in_json_open_the_files_again(here, capsys):
    save("a\n.png", "ä.png")
    name = os.fsdecode(b"\xff.png")
    try:
        save(name)
    except OSError:
        name = "ä.png"  # a file system of Unicode names only
    assert main(["stylize", "a\n.png", name, "-o", "out", "--json"]) == 0
    for line in lines(capsys):
        assert Path(line["pictures"][0]).is_file() and Path(line["output"]).is_file()


def test_nobody_reads_the_output(tmp_path):
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "stylefuse.command_line", "stylize", "missing.png", "--json"]
    done = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, text=True, cwd=tmp_path, check=False)
    os.close(write)
    assert (
        done.returncode == 1
        and done.stderr == "stylefuse stylize: there is no missing.png: correct the path\n"
    )


def test_a_result_too_large_for_its_format_is_not_computed(here, monkeypatch, capsys):
    Image.new("RGB", (16_384, 2)).save("wide.png")
    monkeypatch.setattr("stylefuse.model.run_labelled", lambda *_: pytest.fail("it was computed"))
    assert main(["stylize", "wide.png", "--format", "webp", "--json"]) == 1
    assert lines(capsys)[0]["error"]["code"] == "too_long"


@pytest.mark.parametrize(
    ("error", "code"),
    [(OSError("no GPU"), "failed"), (MemoryError(), "memory"), (RuntimeError("out of memory"), "memory")],
)
def test_errors_of_a_task_are_not_those_of_writing(here, monkeypatch, capsys, error, code):
    def failing(*_):
        raise error

    save("a.png", "b.png")
    monkeypatch.setattr("stylefuse.model.run_labelled", failing)
    assert main(["stylize", "a.png", "b.png", "--json"]) == 1
    assert [line["error"]["code"] for line in lines(capsys)] == [code, code]


def test_a_result_that_cannot_be_written(here, capsys):
    save("a.png")
    Path("file").write_text("mine")
    assert main(["stylize", "a.png", "-o", "file/b.png", "--json"]) == 1
    assert lines(capsys)[0]["error"]["code"] == "cannot_write"


def test_many_files_are_checked_quickly(unloaded):
    names = [f"{i}.png" for i in range(3000)]
    for name in names:
        Path(name).touch()
    Path("2999-restyled.png").touch()
    assert main(["stylize", *names]) == 2
