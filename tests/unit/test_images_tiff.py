"""TIFFs whose first page is not the picture that its owner means are refused by name; all others are read."""

import io
import struct

import numpy as np
import pytest
from PIL import Image

from camera_files import CFA, MASK, REDUCED, page, tiff
from raw_files import file_of, tiff_of
from stylefuse.images.deep import decode_deep
from stylefuse.images.files import ImageError
from stylefuse.images.io import decode

PREVIEW = page(16, 12, subfile=REDUCED)
SENSOR = page(64, 48, subfile=0, photometric=CFA)
FULL = page(64, 48, subfile=0)
RAW = {
    "DNG": tiff(page(16, 12, subfile=REDUCED, dng=(1, 4, 0, 0)), parts=[SENSOR]),
    "DNG whose first page is full": tiff(page(64, 48, dng=(1, 6, 0, 0))),
    "NEF": tiff(PREVIEW, parts=[FULL, SENSOR], order=">"),
    "ARW": tiff(page(16, 12, sony=1), parts=[FULL]),
    "ARW of today": tiff(PREVIEW, page(16, 12), parts=[SENSOR]),
    "CR2": tiff(page(64, 48), page(16, 12), canon=True),
    "SRW, whose preview is not marked": tiff(page(16, 12), parts=[page(64, 48, compression=32770)]),
    "PEF": tiff(page(64, 48, compression=65535)),
    "unknown maker, sensor data in a part": tiff(page(16, 12), parts=[SENSOR]),
    "unknown maker, reduced first page and a part": tiff(page(16, 12, subfile=REDUCED), parts=[FULL]),
}


@pytest.mark.parametrize("decoder", [decode, decode_deep])
@pytest.mark.parametrize("name", RAW)
def test_a_cameras_raw_file_is_refused_by_name(name, decoder, tmp_path):
    (tmp_path / "picture.tif").write_bytes(RAW[name])  # names decide nothing
    with pytest.raises(ImageError, match="a camera's raw file: export it as JPEG or TIFF") as refused:
        decoder(tmp_path / "picture.tif")
    assert refused.value.code == "unsupported_format"


@pytest.mark.parametrize(
    ("first", "words"),
    [
        (page(16, 12, subfile=REDUCED), "first page is a reduced copy of the picture"),
        (page(16, 12, old_subfile=2), "first page is a reduced copy of the picture"),
        (page(64, 48, subfile=MASK), "first page is a mask"),
    ],
)
def test_a_first_page_that_is_not_the_picture_is_refused_by_name(first, words):
    with pytest.raises(ImageError, match=f"{words}: export the picture alone") as refused:
        decode(tiff(first, FULL))
    assert refused.value.code == "unsupported_format"


@pytest.mark.parametrize(
    "data",
    [
        tiff(FULL),
        tiff(page(64, 48), page(32, 24, subfile=REDUCED), page(16, 12, subfile=REDUCED)),
        tiff(FULL, parts=[page(32, 24, subfile=REDUCED)]),
        tiff(page(64, 48, subfile=REDUCED)),
        tiff(page(64, 48, subfile=REDUCED), page(16, 12, subfile=REDUCED)),
        tiff(page(64, 48, subfile=2), page(64, 48, subfile=2), order=">"),
    ],
    ids=["one page", "pyramid", "pyramid of parts", "thumbnail alone", "thumbnails alone", "pages of a book"],
)
def test_other_tiffs_are_read(data):
    assert decode(data).size == (64, 48)


def test_pages_and_parts_that_go_in_circles_end():
    loop = bytearray(tiff(page(16, 12, subfile=REDUCED)))
    (count,) = struct.unpack_from("<H", loop, 8)
    struct.pack_into("<I", loop, 10 + 12 * count, 8)
    assert decode(bytes(loop)).size == (16, 12)


@pytest.mark.parametrize("length", [5, 9, 40, 120, 200])
def test_a_raw_file_cut_short_is_refused(length):
    with pytest.raises(ImageError):
        decode(RAW["NEF"][:length])


def float_rgb():
    pixels = np.linspace(0, 1, 8 * 8 * 3, dtype="<f4").tobytes()
    tags = [
        (256, 4, 1, 8),
        (257, 4, 1, 8),
        (258, 3, 3, (0,)),
        (259, 3, 1, 1),
        (262, 3, 1, 2),
        (273, 4, 1, (12,)),
    ]
    tags += [(277, 3, 1, 3), (278, 4, 1, 8), (279, 4, 1, len(pixels)), (339, 3, 3, (6,))]
    return tiff_of(tags, struct.pack("<6H", 32, 32, 32, 3, 3, 3) + pixels)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (
            float_rgb(),
            "a TIFF with 3 channels of 32-bit floating-point numbers, .*: export it with 8 or 16 bits",
        ),
        (
            tiff(page(8, 8, compression=50002)),
            r"a TIFF with an unsupported compression \(number 50002\): export",
        ),
    ],
)
@pytest.mark.parametrize("decoder", [decode, decode_deep])
def test_a_kind_of_tiff_that_is_not_read_is_named(data, words, decoder):
    with pytest.raises(ImageError, match=words) as refused:
        decoder(data)
    assert refused.value.code == "unsupported_format"


def test_floating_point_greys_are_read():
    data = file_of(Image.fromarray(np.array([[0.0, 0.5, 1.0]], np.float32)), "TIFF")
    assert Image.open(io.BytesIO(data)).mode == "F"
    assert np.asarray(decode(data))[0, :, 0].tolist() == [0, 128, 255]
