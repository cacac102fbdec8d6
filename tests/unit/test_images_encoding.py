"""Results as PNG, JPEG and WebP: their pixels, their depth, what they say about the picture."""

import io

import numpy as np
import pytest
from PIL import ExifTags, Image

from stylefuse.images.deep import decode_deep, encode_deep
from stylefuse.images.encoding import FORMATS, LONGEST_SIDE, MIME_TYPES, SUFFIXES, encode
from stylefuse.images.files import ImageError
from stylefuse.images.io import encode_png
from support import scene

TAG, FOLDER = ExifTags.Base, ExifTags.IFD


@pytest.fixture
def picture():
    pixels = scene(np.random.default_rng(0))
    pixels[10:14] = (200, 30, 40)  # thin and coloured: what 4:2:0 would smear
    return Image.fromarray(pixels)


@pytest.fixture
def photo(picture):
    exif = Image.Exif()
    exif[TAG.Orientation], exif[TAG.Artist], exif[TAG.XPTitle] = 6, "Ada", b"t\0"
    exif.get_ifd(FOLDER.Exif)[TAG.DateTimeOriginal] = "2026:01:02 03:04:05"
    exif.get_ifd(FOLDER.Exif)[TAG.ExifImageWidth] = 4000
    exif.get_ifd(FOLDER.GPSInfo)[ExifTags.GPS.GPSLatitudeRef] = "N"
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", exif=exif)
    return buffer.getvalue()


def opened(data):
    return Image.open(io.BytesIO(data))


def test_every_format_has_its_suffix_and_type(picture):
    assert set(FORMATS) == SUFFIXES.keys() == MIME_TYPES.keys()
    for file_format in FORMATS:
        data, remark = encode(picture, file_format)
        assert opened(data).get_format_mimetype() == MIME_TYPES[file_format] and remark == ""
        assert Image.registered_extensions()[SUFFIXES[file_format]] == file_format.upper()


def test_png_without_metadata_is_the_bytes_of_encode_png(picture):
    assert encode(picture) == (encode_png(picture), "")
    deep = np.asarray(picture).astype(np.uint16) * 257 + 3
    assert encode(deep) == (encode_deep(deep), "")


@pytest.mark.parametrize("file_format", ["jpeg", "webp"])
def test_lossy_results_are_near_their_pixels(picture, file_format):
    found = np.asarray(opened(encode(picture, file_format)[0]).convert("RGB")).astype(int)
    error = np.abs(found - np.asarray(picture)).mean(axis=(1, 2))
    assert found.shape == (48, 56, 3) and error.mean() < 3  # WebP halves the resolution of colour


def test_jpeg_keeps_the_full_resolution_of_colour(picture):
    assert [component[1:3] for component in opened(encode(picture, "jpeg")[0]).layer] == [(1, 1)] * 3


@pytest.mark.parametrize("file_format", FORMATS)
@pytest.mark.parametrize("grey", [True, False])
def test_16_bits_stay_in_png_and_are_rounded_elsewhere(picture, file_format, grey):
    eight = np.asarray(picture)[..., 0] if grey else np.asarray(picture)
    deep = np.minimum(eight.astype(np.uint32) * 257 + 128, 65535).astype(np.uint16)  # rounds down to `eight`
    found = decode_deep(encode(deep, file_format)[0])
    if file_format == "png":
        assert np.array_equal(found, deep)
        return
    assert found.dtype == np.uint8
    whole = encode(eight, file_format)[0]
    assert np.array_equal(found, decode_deep(whole))


@pytest.mark.parametrize("file_format", FORMATS)
def test_exif_is_kept_upright_and_says_srgb(picture, photo, file_format):
    data, remark = encode(picture, file_format, photo)
    exif = opened(data).getexif()
    assert remark == ""
    assert (exif[TAG.Artist], exif[TAG.Orientation], TAG.XPTitle in exif) == ("Ada", 1, False)
    details = exif.get_ifd(FOLDER.Exif)
    assert details[TAG.DateTimeOriginal] == "2026:01:02 03:04:05"
    assert details[TAG.ColorSpace] == 1 and TAG.ExifImageWidth not in details
    assert exif.get_ifd(FOLDER.GPSInfo)[ExifTags.GPS.GPSLatitudeRef] == "N"
    # the pixels do not depend on it
    assert np.array_equal(opened(data), opened(encode(picture, file_format)[0]))


@pytest.mark.parametrize("file_format", FORMATS)
def test_a_file_without_exif_gives_a_result_that_says_srgb(picture, file_format):
    data, remark = encode(picture, file_format, encode_png(picture))
    found = opened(data)
    said = found.info.get("srgb") if file_format == "png" else found.getexif().get_ifd(FOLDER.Exif)
    assert said == (0 if file_format == "png" else {TAG.ColorSpace: 1})
    assert remark == ""


@pytest.mark.parametrize("file_format", FORMATS)
def test_without_a_source_a_result_says_nothing(picture, file_format):
    assert not opened(encode(picture, file_format)[0]).getexif()


@pytest.mark.parametrize("file_format", FORMATS)
def test_damaged_exif_costs_no_result(picture, file_format):
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0\xff\xff")
    data, remark = encode(picture, file_format, buffer.getvalue())
    assert "EXIF was not kept" in remark and opened(data).size == picture.size


@pytest.mark.parametrize("file_format", ["jpeg", "webp"])
def test_a_side_that_the_format_cannot_hold_is_refused_with_the_remedy(file_format):
    longest = LONGEST_SIDE[file_format]
    fits, beyond = Image.new("RGB", (longest, 1)), Image.new("RGB", (1, longest + 1))
    assert opened(encode(fits, file_format)[0]).size == fits.size
    for picture in (beyond, np.asarray(beyond)):
        with pytest.raises(
            ImageError, match=f"1×{longest + 1} pixels, and {file_format} .*format png"
        ) as refused:
            encode(picture, file_format)
        assert refused.value.code == "too_long"
    assert opened(encode(beyond)[0]).size == beyond.size


def test_an_unknown_format_is_refused(picture):
    with pytest.raises(ValueError, match=r"'gif' .* png, jpeg, webp"):
        encode(picture, "gif")
