"""What two trainings differ in, in words."""

import pytest

from stylefuse.images.store import ImageStore, write_store
from stylefuse.training.fingerprint import differences, pictures_of
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
