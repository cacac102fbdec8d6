"""Hashes of code, and what two trainings differ in, in words."""

import shutil

import pytest

from project import SOURCE
from stylefuse.images.store import ImageStore, write_store
from stylefuse.training import fingerprint
from stylefuse.training.fingerprint import code_hash, differences, pictures_of
from support import TINY, scene, write_tiny_data


@pytest.fixture
def data(tmp_path):
    manifest = write_tiny_data(tmp_path)
    return manifest, ImageStore(tmp_path)


def test_equal_ones_differ_in_nothing(data):
    identity = {"options": TINY.fingerprinted(), "data": pictures_of(*data), "code": "a", "classifier": "b"}
    assert differences(identity, {**identity, "options": TINY.fingerprinted()}) == []


def test_each_difference_is_named():
    old = {"options": {"a": 1, "b": {"c": (1, 2), "d": 3}}, "code": "f00d", "classifier": "beef"}
    new = {"options": {"b": {"c": (1, 3), "d": 3}, "e": 5}, "code": "cafe", "classifier": "d00d"}
    assert differences(old, new) == [
        "classifier: beef -> d00d",
        "code: the training's modules were changed",
        "options.a: 1 -> (none)",
        "options.b.c: [1, 2] -> [1, 3]",
        "options.e: (none) -> 5",
    ]


def test_pictures_that_came_and_went_are_counted_by_style(data):
    manifest, store = data
    old = {"data": pictures_of(manifest, store)}
    gone = manifest[~manifest["path"].isin(["photo/train-0.png", "photo/judge-1.png"])]
    other = gone.assign(sha256=gone["sha256"].replace({"red/train-2.png": "another"}))
    new = {"data": pictures_of(other, store)}
    assert differences(old, new) == ["data: photo 2 removed; red 1 added, 1 removed"]
    assert differences(new, old) == ["data: photo 2 added; red 1 added, 1 removed"]


def test_a_picture_that_changed_its_split_or_margins_is_another(data):
    manifest, store = data
    old = {"data": pictures_of(manifest, store)}
    for column, value in (("split", "test"), ("trim", "4 0 0 0")):
        changed = manifest.assign(**{column: manifest[column].where(manifest.index != 0, value)})
        assert differences(old, {"data": pictures_of(changed, store)}) == ["data: photo 1 added, 1 removed"]


def test_a_set_aside_picture_is_none(data):
    manifest, store = data
    aside = manifest.assign(verdict=manifest["verdict"].where(manifest.index != 0, "damaged"))
    assert differences({"data": pictures_of(manifest, store)}, {"data": pictures_of(aside, store)}) == [
        "data: photo 1 removed"
    ]


def test_the_same_pictures_at_another_size(data, tmp_path):
    import numpy as np

    manifest, store = data
    random = np.random.default_rng(0)
    write_store(tmp_path / "smaller", [scene(random, 40, 40) for _ in range(len(manifest))])
    changed = {"data": pictures_of(manifest, ImageStore(tmp_path / "smaller"))}
    assert differences({"data": pictures_of(manifest, store)}, changed) == [
        "data: the same pictures, stored in another size or order"
    ]


CODE = '''"""A module."""
import stylefuse.losses.style


def rate(x):
    """Twice."""
    # a comment
    return 2 * x


class Empty:
    """Nothing but words."""
'''


@pytest.fixture
def hash_of(tmp_path, monkeypatch):
    """The hash of a module with a given text."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def hash_of(text):
        (tmp_path / "a_module_of_this_test.py").write_text(text, encoding="utf-8")
        return code_hash("a_module_of_this_test")

    return hash_of


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("# a comment", "# another\n    # and one more"),
        ('"""Twice."""', '"""The double."""'),
        ('    """Twice."""\n', ""),
        ('"""A module."""', '"""A module, in other words."""'),
        ("2 * x", "(2*x)"),
    ],
)
def test_comments_docstrings_and_layout_do_not_count_as_code(hash_of, old, new):
    assert old in CODE
    assert hash_of(CODE) == hash_of(CODE.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new"),
    [("2 * x", "3 * x"), ("rate", "speed"), ("losses.style", "losses.content")],
)
def test_numbers_names_and_imports_count(hash_of, old, new):
    assert hash_of(CODE) != hash_of(CODE.replace(old, new))


def test_text_that_is_no_docstring_counts(hash_of):
    assert hash_of('x = 1\n"""a"""\ny = """b"""\n') != hash_of('x = 1\n"""a"""\ny = """c"""\n')


def test_code_counts_whatever_module_of_the_package_it_is_imported_from(monkeypatch, tmp_path):
    """A change in a loss is one of the training that imports it, and none of another one."""
    package = tmp_path / "stylefuse"
    shutil.copytree(SOURCE, package, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(fingerprint, "_PACKAGE", package)
    names = "stylefuse.tasks.stylize.training", "stylefuse.tasks.fuse.training"
    before = [code_hash(name) for name in names]
    loss = package / "tasks" / "fuse" / "losses.py"
    text = loss.read_text(encoding="utf-8")
    loss.write_text(text.replace('"""', '"""In other words. ', 1), encoding="utf-8")
    assert [code_hash(name) for name in names] == before
    loss.write_text(f"{text}\nANOTHER = 1\n", encoding="utf-8")
    style, fuse = (code_hash(name) for name in names)
    assert style == before[0] and fuse != before[1]


def test_a_module_that_does_not_exist_is_named():
    with pytest.raises(ModuleNotFoundError, match=r"stylefuse\.no_such_module"):
        code_hash("stylefuse.no_such_module")
