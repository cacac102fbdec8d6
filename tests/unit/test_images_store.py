import numpy as np
import pytest

from stylefuse.images.store import ImageStore, write_store


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
