"""Output folders: a run replaces what runs made, and nothing else."""

import logging
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from stylefuse.output_folder import LIST, SET_ASIDE, files_made, finish, publish, staging_of


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
    found = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {p.relative_to(folder).as_posix(): p.read_text() for p in found if p.name != LIST}


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
    assert files_made(target) == {"a.png", "c.png"}


def test_folders_that_a_run_left_empty_go_with_its_files(target):
    publish(make(staging_of(target), sub__deep__a_png="1", b_png="1"), target)
    publish(make(staging_of(target), b_png="2"), target)
    assert sorted(path.name for path in target.iterdir()) == [LIST, "b.png"]


def test_a_file_of_ones_own_with_the_name_of_a_result_is_set_aside(target, caplog):
    make(target, a_png="mine")
    with caplog.at_level(logging.WARNING):
        publish(make(staging_of(target), a_png="1"), target)
    assert content(target) == {"a.png": "1", f"{SET_ASIDE}/a.png": "mine"}
    assert "a.png was not made by StyleFuse" in caplog.text
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
    replace = Path.replace

    def across(self: Path, place: Path) -> Path:
        if place.parent.name == "sub" and self.parent != place.parent:
            raise OSError(18, "Invalid cross-device link", str(self))
        return replace(self, place)

    monkeypatch.setattr(Path, "replace", across)
    publish(make(staging_of(target), sub__a_png="1"), target)
    assert content(target) == {"sub/a.png": "1"}


def test_names_of_any_bytes(target):
    name = os.fsdecode(b"caf\xe9\n\r.png")
    (make(staging_of(target), a_png="1") / name).write_text("1")
    publish(staging_of(target), target)
    assert files_made(target) == {"a.png", name}
    publish(make(staging_of(target), a_png="2"), target)
    assert content(target) == {"a.png": "2"}


@pytest.mark.parametrize("text", ["{", '{"a": 1}', '["../../etc/passwd"]', '["/etc/passwd"]', "[1]"])
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
        patch.setattr("stylefuse.output_folder._move", killed)
        with pytest.raises(KeyboardInterrupt):
            publish(make(staging_of(target), a_png="2", c_png="2"), target)
    publish(make(tmp_path / "elsewhere", c_png="3"), target)
    assert content(target) == {"c.png": "3"}  # nothing was taken for a file of the user's


def test_finish_without_an_interrupted_publication_changes_nothing(target):
    finish(target)
    publish(make(staging_of(target), a_png="1"), target)
    make(staging_of(target), b_png="half done")
    finish(target)
    assert content(target) == {"a.png": "1", ".incoming/b.png": "half done"}
    shutil.rmtree(staging_of(target))
