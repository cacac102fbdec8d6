"""Names of results: short where they can be, and never two the same on any disk."""

import os
import random
import unicodedata
from pathlib import Path

import pytest

from hostile_names import hostile_names
from stylefuse.pipelines.result_names import LONGEST, result_names


def named(files, endings=(".png",)):
    files = [Path(file) for file in files]
    return result_names([(file.with_suffix(""), file) for file in files], endings)


def paths(files, endings=(".png",)):
    return [each.path(endings[0]).as_posix() for each in named(files, endings)]


def folded(name):
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", str(name)).casefold())


def test_the_suffix_stays_where_two_would_become_one():
    files = ("a.jpg", "A.png", "b.tif", "sub/a.jpg", "c.tar.gz")
    assert paths(files) == ["a.jpg.png", "A.png.png", "b.png", "sub/a.png", "c.tar.png"]
    assert not any(each.changed for each in named(files))


@pytest.mark.parametrize(
    "files",
    [
        ("a.jpg", "A.jpg"),
        ("Café.jpg", "Cafe\u0301.jpg"),
        ("straße.jpg", "STRASSE.jpg"),
        ("Sub/a.jpg", "sub/a.jpg"),
        ("a.jpg", "a.webp", "a.jpg.tif", "a.jpg.jpg"),
    ],
)
def test_no_two_results_are_one_on_a_disk_without_case_or_with_other_normal_forms(files):
    found = paths(files)
    assert len({folded(name) for name in found}) == len(files)
    back = dict(zip(reversed(files), paths(list(reversed(files))), strict=True))
    assert [back[file] for file in files] == found  # whatever the order


def test_a_changed_name_says_why():
    one, other, free = named(["a.jpg", "A.jpg", "b.jpg"])
    assert one.base != Path("a") and one.base.name.startswith("a-") and other.base.name.startswith("A-")
    assert "another" in one.changed and free.changed == ""


def test_no_result_takes_the_name_of_a_folder_of_results():
    (result, inside) = paths(["x.jpg", "x.png/a.jpg"])
    assert (result, inside) == ("x.jpg.png", "x.png/a.png")
    assert paths(["x.jpg", "x.PNG/y/a.jpg"])[0] == "x.jpg.png"


def test_longest_names_are_shortened_and_say_so():
    files = ["x" * 251 + ".jpg", "x" * 255, "ü" * 125 + ".jpeg", "\udce9" * 250]
    found = named(files)
    assert [bool(each.changed) for each in found] == [False, True, False, False]
    assert "too long" in found[1].changed
    assert len(os.fsencode(found[1].path(".png").name)) == LONGEST
    # the longest ending counts
    assert named([files[2]], (".png", "_weights.png", ".json"))[0].changed
    two = paths(["y" * 254 + "1", "y" * 254 + "2"])
    assert len(set(two)) == 2


def test_a_name_that_looks_like_a_changed_one_is_told_apart():
    first, _ = paths(["a.jpg", "A.jpg"])
    found = paths(["a.jpg", "A.jpg", first.replace(".png", ".jpg")])
    assert len(set(found)) == 3


@pytest.mark.parametrize("endings", [(".png",), (".webp", "_weights.png", ".json")])
def test_hostile_names_have_results_of_their_own(endings):
    files = [f"{folder}{name}" for folder in ("", "d/") for name in hostile_names(500)]
    random.Random(0).shuffle(files)
    results = [each.path(ending) for each in named(files, endings) for ending in endings]
    assert len({folded(result) for result in results}) == len(files) * len(endings)
    assert all(len(os.fsencode(result.name)) <= LONGEST for result in results)
    assert {Path(file).parent for file in files} == {result.parent for result in results}
