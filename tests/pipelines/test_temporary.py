import errno
import os
import tempfile

import pytest

from stylefuse.pipelines.temporary import report_folder


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_a_folder_stays_for_its_dataset():
    with report_folder() as folder:
        (folder / "index.html").touch()
    assert (folder / "index.html").is_file()


@pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt(), OSError(errno.EACCES, "no")])
def test_a_folder_goes_with_an_error(place, error):
    with pytest.raises(type(error)) as raised, report_folder() as folder:
        (folder / "half.png").touch()
        raise error
    assert raised.value is error
    assert list(place.iterdir()) == []


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_named_with_the_remedy(place, number):
    with pytest.raises(OSError, match=f"{place}: make room there, or set TMPDIR"), report_folder():
        raise OSError(number, os.strerror(number))
    assert list(place.iterdir()) == []
