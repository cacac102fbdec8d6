"""Which files of a folder are the user's, and how their names are shown."""

import logging
import os
import unicodedata
from pathlib import Path

import pytest

from hostile_names import hostile_names
from stylefuse.images.names import storable
from stylefuse.pipelines.folders import printable, unreadable, users_file, visible_files


def touch(*files: Path) -> None:
    for file in files:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"x")


def names(folder: Path) -> list[str]:
    return [file.as_posix() for file in visible_files(folder)]


def test_files_of_all_subfolders_come_sorted(tmp_path):
    touch(tmp_path / "b.png", tmp_path / "a" / "c" / "d.png", tmp_path / "a" / "a.png", tmp_path / "c.txt")
    assert names(tmp_path) == ["a/a.png", "a/c/d.png", "b.png", "c.txt"]


@pytest.mark.parametrize(
    "name",
    [
        *(".DS_Store", "._a.png", ".hidden/a.png", "Icon\r", "Thumbs.db", "desktop.ini", "__MACOSX/a.png"),
        *("@eaDir/a.png/SYNOPHOTO_THUMB_M.jpg", "#recycle/a.png", "$RECYCLE.BIN/a.png", "lost+found/a.png"),
        *("System Volume Information/a.png", "deep/@eaDir/a.png", "deep/THUMBS.DB"),
    ],
)
def test_what_is_hidden_or_the_systems_is_left_out(tmp_path, name):
    touch(tmp_path / "a.png", tmp_path / name)
    assert names(tmp_path) == ["a.png"]


@pytest.mark.parametrize("name", ["Icon", "thumbs", "recycle", "a.DS_Store", "macosx", "eaDir"])
def test_names_that_only_resemble_the_systems_are_the_users(name):
    assert users_file(name)


def test_links_to_files_and_folders_are_followed(tmp_path):
    elsewhere, here = tmp_path / "disk", tmp_path / "photos"
    touch(elsewhere / "2023" / "may" / "a.png", elsewhere / "b.png", here / "c.png")
    (here / "2023").symlink_to(elsewhere / "2023")
    (here / "b.png").symlink_to(elsewhere / "b.png")
    assert names(here) == ["2023/may/a.png", "b.png", "c.png"]


def test_a_folder_linked_twice_is_there_twice(tmp_path):
    touch(tmp_path / "disk" / "a.png")
    (tmp_path / "photos").mkdir()
    for name in ("one", "two"):
        (tmp_path / "photos" / name).symlink_to(tmp_path / "disk")
    assert names(tmp_path / "photos") == ["one/a.png", "two/a.png"]


@pytest.mark.parametrize("target", [".", "..", "../..", "../../.."])
def test_links_that_lead_back_up_are_not_followed_and_logged(tmp_path, target, caplog):
    folder = tmp_path / "photos"
    touch(folder / "2023" / "a.png", tmp_path / "beside.png")
    (folder / "2023" / "up").symlink_to(target)
    with caplog.at_level(logging.WARNING):
        assert names(folder) == ["2023/a.png"]
    assert "2023/up leads back to a folder above it" in caplog.text


def test_folders_that_link_to_each_other_end(tmp_path):
    touch(tmp_path / "a" / "1.png", tmp_path / "b" / "2.png")
    (tmp_path / "a" / "b").symlink_to("../b")
    (tmp_path / "b" / "a").symlink_to("../a")
    assert names(tmp_path) == ["a/1.png", "a/b/2.png", "b/2.png", "b/a/1.png"]


def test_what_cannot_be_read_is_in_the_list_with_a_reason(tmp_path, monkeypatch):
    touch(tmp_path / "a.png", tmp_path / "closed" / "b.png")
    (tmp_path / "gone.png").symlink_to("/nowhere/gone.png")
    (tmp_path / "self").symlink_to("self")
    os.mkfifo(tmp_path / "pipe")
    scandir = os.scandir

    def refuse(path):
        if Path(path).name == "closed":
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(
        os, "scandir", refuse
    )  # root may open any folder, and tests run as root in containers
    assert names(tmp_path) == ["a.png", "closed", "gone.png", "pipe", "self"]
    assert unreadable(tmp_path / "a.png") == ""
    assert "Permission denied): check its permissions" in unreadable(tmp_path / "closed")
    assert "leads to nothing (/nowhere/gone.png)" in unreadable(tmp_path / "gone.png")
    assert "leads to itself" in unreadable(tmp_path / "self")
    assert "pipe" in unreadable(tmp_path / "pipe")


def test_a_folder_that_cannot_be_read_itself_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        visible_files(tmp_path / "nowhere")


def test_folders_may_be_nested_deeper_than_python_calls_functions(tmp_path):
    folders = [tmp_path]
    for _ in range(1200):
        folders.append(folders[-1] / "d")
        folders[-1].mkdir()
    (folders[-1] / "a.png").touch()
    try:
        assert names(tmp_path) == ["d/" * 1200 + "a.png"]
    finally:  # what clears up after tests calls itself for each folder
        (folders[-1] / "a.png").unlink()
        for folder in reversed(folders[1:]):
            folder.rmdir()


def test_hostile_names_are_all_found_and_shown_on_a_line(tmp_path):
    wanted = hostile_names(500, seed=3)
    for name in wanted:
        (tmp_path / name).touch()
    found = visible_files(tmp_path)
    assert {str(file) for file in found} == set(wanted)
    for file in found:
        shown = printable(file)
        assert shown.encode() and len(shown.splitlines()) == 1
        assert not any(unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") for char in shown)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Café 日本 👩🏽‍🎨.png", "Café 日本 👩🏽‍🎨.png"),
        ("caf\udce9.png", r"caf\xe9.png"),
        ("a\rb\nc\td\x1b[31m", r"a\rb\nc\td\x1b[31m"),
        ("gpj.\u202eexe", r"gpj.\u202eexe"),
        ("a\u2028b\x85", r"a\u2028b\u0085"),
        ("\ud83d", r"\ud83d"),
    ],
)
def test_names_for_people(name, shown):
    assert printable(name) == shown
    assert printable(Path("x") / name) == f"x/{shown}"


@pytest.mark.parametrize(
    ("name", "text"), [("caf\udce9\r.png", "caf\\xe9\r.png"), ("Cafe\u0301\u202e", "Cafe\u0301\u202e")]
)
def test_names_for_tables_change_only_what_is_not_text(name, text):
    assert storable(name) == text
