"""Output folders: a run replaces what runs made, and nothing else."""

import logging
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from stylefuse._output_files import SET_ASIDE
from stylefuse.datasets import FolderDataset
from stylefuse.output_folder import (
    LIST,
    LOCK,
    files_made,
    finish,
    hold,
    publish,
    release,
    staging_of,
)


@pytest.fixture
def target(tmp_path) -> Path:
    return tmp_path / "out"


def make(folder: Path, **files: str) -> Path:
    """Fill a folder; `__` in a name stands for a slash, `_` for a dot."""
    for name, content in files.items():
        path = folder / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return folder


def content(folder: Path) -> dict[str, str]:
    found = (path for path in sorted(folder.rglob("*")) if path.is_file() and path.name not in (LIST, LOCK))
    return {path.relative_to(folder).as_posix(): path.read_text() for path in found}


def test_results_of_the_run_before_are_replaced_and_other_files_stay(target):
    publish(make(staging_of(target), a_png="1", sub__b_png="1"), target)
    make(target, mine_png="mine", sub__mine_png="mine", other__mine_txt="mine")
    publish(make(staging_of(target), a_png="2", c_png="2"), target)
    assert content(target) == {
        "a.png": "2",
        "c.png": "2",
        "mine.png": "mine",
        "sub/mine.png": "mine",
        "other/mine.txt": "mine",
    }
    assert files_made(target).keys() == {"a.png", "c.png"}


def test_folders_that_a_run_left_empty_go_with_its_files(target):
    publish(make(staging_of(target), sub__deep__a_png="1", b_png="1"), target)
    publish(make(staging_of(target), b_png="2"), target)
    assert sorted(path.name for path in target.iterdir()) == [LIST, LOCK, "b.png"]


def test_a_file_of_ones_own_with_the_name_of_a_result_is_set_aside(target, caplog):
    make(target, a_png="mine")
    with caplog.at_level(logging.WARNING):
        publish(make(staging_of(target), a_png="1"), target)
    assert content(target) == {"a.png": "1", f"{SET_ASIDE}/a.png": "mine"}
    assert "1 files of" in caplog.text and "not as a run left them" in caplog.text and "a.png" in caplog.text
    # Once more: what was set aside stays, under a name of its own.
    (target / LIST).unlink()
    publish(make(staging_of(target), a_png="2"), target)
    assert content(target) == {"a.png": "2", f"{SET_ASIDE}/a.png": "mine", f"{SET_ASIDE}/a 2.png": "1"}


def test_a_file_where_a_folder_is_needed_and_the_other_way_round(target):
    make(target, sub="mine", b_png__mine_txt="mine")
    publish(make(staging_of(target), sub__a_png="1", b_png="1"), target)
    expected = {"sub/a.png": "1", "b.png": "1", f"{SET_ASIDE}/sub": "mine"}
    assert content(target) == {**expected, f"{SET_ASIDE}/b.png/mine.txt": "mine"}
    publish(make(staging_of(target), sub="2"), target)  # now the runs' own folder is in the way
    assert content(target)["sub"] == "2"


def test_a_folder_of_an_older_version_has_no_list(target):
    make(target, a_png="1", old_png="1")
    publish(make(staging_of(target), a_png="2"), target)
    assert content(target) == {"a.png": "2", "old.png": "1", f"{SET_ASIDE}/a.png": "1"}


def test_links_are_replaced_and_their_targets_stay(tmp_path, target):
    """DVC links results to its cache."""
    publish(make(staging_of(target), a_png="1"), target)
    cached = tmp_path / "cached"
    (target / "a.png").rename(cached)
    (target / "a.png").symlink_to(cached)
    publish(make(staging_of(target), a_png="2"), target)
    assert (cached.read_text(), content(target)) == ("1", {"a.png": "2"})


def test_the_output_folder_may_be_a_link_to_another_place(tmp_path, target):
    place = tmp_path / "disk"
    make(place, mine_png="mine")
    target.symlink_to(place)
    publish(make(staging_of(target), a_png="1"), target)
    publish(make(staging_of(target), b_png="2"), target)
    assert target.is_symlink()
    assert content(place) == {"b.png": "2", "mine.png": "mine"}


def test_the_output_folder_may_be_a_mount(tmp_path, target):
    disk = make(tmp_path / "disk", mine_png="mine")
    target.mkdir()
    mounted = subprocess.run(["mount", "--bind", disk, target], capture_output=True, text=True)
    if mounted.returncode:
        pytest.skip(f"cannot mount here: {mounted.stderr.strip()}")
    try:
        publish(make(staging_of(target), a_png="1"), target)
        publish(make(tmp_path / "elsewhere", b_png="2"), target)
        assert content(target) == {"b.png": "2", "mine.png": "mine"}
    finally:
        subprocess.run(["umount", target], check=True)
    assert content(disk) == {"b.png": "2", "mine.png": "mine"}


def test_a_subfolder_on_another_disk(tmp_path, target, monkeypatch):
    (target / "sub").mkdir(parents=True)
    replace, rename = Path.replace, os.rename

    def mounted(path) -> bool:
        return path.is_relative_to(target / "sub")

    def across(source, place) -> None:
        if mounted(Path(source)) != mounted(Path(place)):
            raise OSError(18, "Invalid cross-device link", str(source))

    def replace_(self: Path, place: Path) -> Path:
        across(self, place)
        return replace(self, place)

    def rename_(source, place) -> None:
        across(source, place)
        rename(source, place)

    make(target, sub__a_png="mine")
    monkeypatch.setattr(Path, "replace", replace_)
    monkeypatch.setattr(os, "rename", rename_)
    publish(make(staging_of(target), sub__a_png="1"), target)
    assert content(target) == {"sub/a.png": "1", f"{SET_ASIDE}/sub/a.png": "mine"}


def test_names_of_any_bytes(target):
    name = os.fsdecode(b"caf\xe9\n\r.png")
    (make(staging_of(target), a_png="1") / name).write_text("1")
    publish(staging_of(target), target)
    assert files_made(target).keys() == {"a.png", name}
    publish(make(staging_of(target), a_png="2"), target)
    assert content(target) == {"a.png": "2"}


@pytest.mark.parametrize(
    "text", ["{", '{"a": 1}', '{"../../etc/passwd": "0"}', '{"/etc/passwd": "0"}', "[]", "1"]
)
def test_a_damaged_list_deletes_nothing(tmp_path, target, text):
    publish(make(staging_of(target), a_png="1"), target)
    (target / LIST).write_text(text)
    with pytest.raises(ValueError, match=r"stylefuse\.json is damaged: move the folder"):
        publish(make(staging_of(target), b_png="2"), target)
    assert content(target)["a.png"] == "1"


def test_what_a_run_makes_is_never_lost_when_the_folder_cannot_be_written(target, monkeypatch):
    publish(make(staging_of(target), a_png="1"), target)
    make(staging_of(target), a_png="2", b_png="2")

    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("stylefuse.output_folder.write_whole", full)
    with pytest.raises(OSError, match=r"into the folder .*out \(No space left on device\): make room"):
        publish(staging_of(target), target)
    monkeypatch.undo()
    assert content(target)["a.png"] == "1"
    assert content(staging_of(target)) == {"a.png": "2", "b.png": "2"}
    publish(staging_of(target), target)
    assert content(target) == {"a.png": "2", "b.png": "2"}


def test_a_publication_that_was_interrupted_is_finished_before_the_next(target, tmp_path, monkeypatch):
    publish(make(staging_of(target), a_png="1", b_png="1"), target)
    moves = []

    def killed(source, place):
        if moves:
            raise KeyboardInterrupt
        moves.append(source.replace(place))

    with monkeypatch.context() as patch:
        patch.setattr("stylefuse.output_folder.move", killed)
        with pytest.raises(KeyboardInterrupt):
            publish(make(staging_of(target), a_png="2", c_png="2"), target)
    publish(make(tmp_path / "elsewhere", c_png="3"), target)
    assert content(target) == {"c.png": "3"}  # nothing was taken for a file of the user's


def test_an_error_in_the_middle_says_how_far_it_came_and_the_next_run_goes_on(target, monkeypatch):
    publish(make(staging_of(target), a_png="1", b_png="1"), target)
    moves = []

    def full(source, place):
        if moves:
            raise OSError(28, "No space left on device")
        moves.append(source.replace(place))

    with monkeypatch.context() as patch:
        patch.setattr("stylefuse.output_folder.move", full)
        with pytest.raises(OSError, match=r"1 of 2 new files are in .*out, .*make room.*moves the others"):
            publish(make(staging_of(target), a_png="2", b_png="2"), target)
    assert content(target)["b.png"] == "1"
    finish(target)
    assert content(target) == {"a.png": "2", "b.png": "2"}


def test_a_result_that_was_changed_since_is_set_aside_or_stays(target):
    publish(make(staging_of(target), a_png="1", b_png="1"), target)
    make(target, a_png="retouched", b_png="retouched")
    publish(make(staging_of(target), a_png="2"), target)
    assert content(target) == {"a.png": "2", "b.png": "retouched", f"{SET_ASIDE}/a.png": "retouched"}


def test_a_result_whose_name_changed_in_capitals_alone_stays(target, monkeypatch):
    publish(make(staging_of(target), beach_png="1"), target)
    with monkeypatch.context() as patch:  # a disk that ignores capitals has one file under both names
        patch.setattr(Path, "samefile", lambda one, other: str(one).casefold() == str(other).casefold())
        publish(make(staging_of(target), Beach_png="1"), target)
    assert content(target) == {"Beach.png": "1", "beach.png": "1"}
    publish(make(staging_of(target), beach_png="1"), target)
    assert content(target) == {"beach.png": "1"}


def test_what_lies_in_a_linked_folder_is_not_deleted(tmp_path, target):
    publish(make(staging_of(target), sub__a_png="1", b_png="1"), target)
    (target / "sub").rename(tmp_path / "disk")
    (target / "sub").symlink_to(tmp_path / "disk")
    publish(make(staging_of(target), b_png="2"), target)
    assert (tmp_path / "disk" / "a.png").read_text() == "1"


def test_an_input_is_never_changed(tmp_path, target):
    """Pictures from elsewhere may come with a plan and a list that name files of others."""
    make(tmp_path, victim__diary_txt="mine")
    make(staging_of(target), _plan_json="{}")
    (staging_of(target) / ".plan.json").write_text("{}")
    (target / LIST).write_text('{"l/diary.txt": "0"}')
    (target / "l").symlink_to(tmp_path / "victim")
    before = content(target)
    FolderDataset(filepath=str(target)).load()
    assert content(target) == before and (tmp_path / "victim" / "diary.txt").exists()


HOLDER = """
import sys
from pathlib import Path
from stylefuse.output_folder import hold
hold(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def test_two_runs_do_not_write_to_one_folder(target):
    """The second would empty the staging folder of the first, which then published the second's files as its own."""
    command = [sys.executable, "-c", HOLDER, str(target)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(RuntimeError, match=r"another run is writing results to .*out: wait .*data_root"):
            hold(target)
        other.kill()
    hold(target)  # the lock goes with its process
    hold(target)
    release(target)
    release(target)


def test_finish_without_an_interrupted_publication_changes_nothing(target):
    finish(target)
    publish(make(staging_of(target), a_png="1"), target)
    make(staging_of(target), b_png="half done")
    finish(target)
    assert content(target) == {"a.png": "1", ".incoming/b.png": "half done"}
    shutil.rmtree(staging_of(target))
