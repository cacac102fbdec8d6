"""Bad files: both decoders refuse them with a reason and a remedy, or, where the pixels are sound, give these."""

import numpy as np
import pytest
from PIL import Image

from bad_pictures import BAD, RED, picture
from raw_files import file_of
from stylefuse.images.deep import decode_deep
from stylefuse.images.files import ImageError
from stylefuse.images.io import decode

DECODERS = pytest.mark.parametrize("decoder", [decode, decode_deep])


@pytest.mark.parametrize("name", BAD)
@pytest.mark.filterwarnings("ignore")  # Pillow's, on damage beside sound pixels
def test_bad_file(name, tmp_path):
    make, verdict = BAD[name]
    (tmp_path / "picture.jpg").write_bytes(make())  # whatever it is: names decide nothing
    for decoder in (decode, decode_deep):
        if isinstance(verdict, int):
            corner = np.asarray(decoder(tmp_path / "picture.jpg")).reshape(-1)[0]
            assert int(corner) == pytest.approx(verdict, abs=8)
            continue
        with pytest.raises(ImageError) as refused:
            decoder(tmp_path / "picture.jpg")
        assert refused.value.code == verdict
        assert refused.value.message and refused.value.remedy
        assert str(tmp_path) not in str(refused.value)


@DECODERS
@pytest.mark.parametrize(("name", "file_format"), [("a.jpg", "PNG"), ("a.png", "JPEG"), ("a.txt", "WEBP")])
def test_wrong_suffix_does_not_matter(name, file_format, decoder, tmp_path):
    (tmp_path / name).write_bytes(file_of(picture(), file_format, quality=95))
    found = np.asarray(decoder(tmp_path / name))
    assert found.shape == (64, 64, 3)
    assert np.abs(found[4:12, 4:12].astype(int) - RED).max() <= 8


def test_what_begins_like_a_picture_is_called_damaged():
    """Who sends a photo cut short need not be told which formats there are."""
    with pytest.raises(ImageError, match="begins like a JPEG, but the rest is damaged: copy") as refused:
        decode(b"\xff\xd8\xff\xe0")
    assert refused.value.code == "damaged"


@DECODERS
def test_a_folder_is_no_picture(decoder, tmp_path):
    with pytest.raises(ImageError, match=r"cannot be opened .*name a file in it") as refused:
        decoder(tmp_path)
    assert refused.value.code == "unreadable"


def test_a_progressive_picture_of_as_many_scans_as_programs_write_is_read():
    assert decode(file_of(Image.new("CMYK", (64, 64)), "JPEG", progressive=True)).size == (64, 64)
