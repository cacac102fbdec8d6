from io import StringIO

import numpy as np
import pandas as pd
import pytest

from stylefuse.images.store import ImageStore, open_store, write_store


@pytest.fixture
def pictures():
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (h, w, 3), dtype=np.uint8) for h, w in ((4, 7), (9, 3), (1, 1))]


def test_pictures_come_back_as_written(tmp_path, pictures):
    assert write_store(tmp_path, iter(pictures)) == 3
    store = ImageStore(tmp_path)
    assert len(store) == 3
    for row, picture in enumerate(pictures):
        assert (store[row] == picture).all()


def test_views_of_pictures_are_written_as_seen(tmp_path, pictures):
    write_store(tmp_path, [p.transpose(1, 0, 2)[::-1] for p in pictures])
    assert (ImageStore(tmp_path)[0] == pictures[0].transpose(1, 0, 2)[::-1]).all()


@pytest.mark.filterwarnings("ignore:loadtxt")
def test_empty_store(tmp_path):
    assert write_store(tmp_path, []) == 0
    assert len(ImageStore(tmp_path)) == 0


def test_one_picture(tmp_path, pictures):
    write_store(tmp_path, pictures[:1])
    assert (ImageStore(tmp_path)[0] == pictures[0]).all()


@pytest.mark.parametrize(
    "bad", [np.zeros((4, 4, 3)), np.zeros((4, 4), np.uint8), np.zeros((4, 4, 4), np.uint8)]
)
def test_other_arrays_are_refused(tmp_path, bad):
    with pytest.raises(ValueError, match="picture 0"):
        write_store(tmp_path, [bad])


def test_missing_store_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="ingest"):
        ImageStore(tmp_path / "none")


def test_row_past_the_end_ends_iteration(tmp_path, pictures):
    write_store(tmp_path, pictures)
    assert len(list(ImageStore(tmp_path))) == 3


def manifest_of(*sha256, **changes):
    rows = [
        {"sha256": sha, "style": "photo", "split": "train", "verdict": "ok", "trim": "", "row": row}
        for row, sha in enumerate(sha256)
    ]
    return pd.DataFrame(rows).assign(**changes)


def test_a_store_is_opened_with_its_own_manifest_alone(tmp_path, pictures):
    manifest = manifest_of("a", "b", "c")
    write_store(tmp_path, pictures, manifest)
    again = pd.read_csv(StringIO(manifest.to_csv(index=False)), keep_default_na=False)
    assert len(open_store(tmp_path, again)) == 3
    # Splits and names are not the store's; which picture is in which row is.
    assert len(open_store(tmp_path, manifest.assign(split="test", path="elsewhere.png"))) == 3
    for other in (manifest_of("a", "c", "b"), manifest_of("a", "b"), manifest.assign(trim="1,1,1,1")):
        with pytest.raises(ValueError, match=r"not of the same pictures.*--pipelines ingest"):
            open_store(tmp_path, other)


def test_a_store_of_an_older_version_is_made_anew(tmp_path, pictures):
    write_store(tmp_path, pictures)
    with pytest.raises(ValueError, match=r"older version: run `kedro run --pipelines ingest`"):
        open_store(tmp_path, manifest_of("a", "b", "c"))
