"""16-bit files of every make: turned, transparent, inverted, of another profile, damaged."""

import struct
import warnings
import zlib

import cv2
import numpy as np
import pytest
from PIL import ImageCms

from raw_files import GREY, GREY_ALPHA, RGB, RGB_ALPHA, exif, png, same, tiff
from stylefuse.images.deep import decode_deep
from stylefuse.images.files import ImageError, Limits
from stylefuse.images.profiles import ADOBE_RGB, profile_of

# EXIF orientation → how an upright picture is stored under it.
STORED = {
    1: lambda p: p,
    2: lambda p: p[:, ::-1],
    3: lambda p: p[::-1, ::-1],
    4: lambda p: p[::-1],
    5: lambda p: p.swapaxes(0, 1),
    6: lambda p: np.rot90(p),
    7: lambda p: p[::-1, ::-1].swapaxes(0, 1),
    8: lambda p: np.rot90(p, -1),
}


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def colour(rng):
    return rng.integers(0, 65536, (5, 7, 3), dtype=np.uint16)


@pytest.mark.parametrize("orientation", STORED)
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("kind", ["PNG", "TIFF", "TIFF, other byte order"])
def test_turned_pictures_come_out_upright(rng, kind, channels, orientation):
    picture = rng.integers(0, 65536, (5, 7, 3)[: 2 if channels == 1 else 3], dtype=np.uint16)
    stored = STORED[orientation](picture)
    if kind == "PNG":
        data = png(stored, GREY if channels == 1 else RGB, (b"eXIf", exif(orientation)))
    else:
        data = tiff(stored, "<" if kind == "TIFF" else ">", orientation=orientation)
    assert same(decode_deep(data), picture)


def test_16_bit_alpha_is_laid_on_white_at_16_bits():
    levels = np.array([[[1000, 2000, 3000, 65535], [9, 9, 9, 0], [0, 20000, 65535, 1]]], np.uint16)
    expected = np.array([[[1000, 2000, 3000], [65535] * 3, [65534, 65534, 65535]]], np.uint16)
    assert same(decode_deep(png(levels, RGB_ALPHA)), expected)
    assert same(decode_deep(tiff(levels)), expected)
    assert same(decode_deep(tiff(levels, extra=0)), levels[..., :3])  # a fourth channel that is no alpha


def test_premultiplied_alpha_is_not_multiplied_again():
    levels = np.array([[[1000, 2000, 3000, 32768]]], np.uint16)
    assert decode_deep(tiff(levels, extra=1)).tolist() == [[[33767, 34767, 35767]]]


def test_16_bit_grey_with_alpha_stays_grey():
    levels = np.array([[[500, 65535], [500, 0]]], np.uint16)
    assert same(decode_deep(png(levels, GREY_ALPHA)), np.array([[500, 65535]], np.uint16))


def test_transparent_levels_of_16_bit_files_turn_white(colour):
    grey = png(np.array([[300, 301]], np.uint16), GREY, (b"tRNS", struct.pack(">H", 300)))
    assert decode_deep(grey).tolist() == [[65535, 301]]
    found = decode_deep(png(colour, RGB, (b"tRNS", struct.pack(">HHH", *colour[0, 0]))))
    assert found[0, 0].tolist() == [65535] * 3 and (found[1:] == colour[1:]).all()


def test_white_is_zero_is_turned_round():
    assert decode_deep(tiff(np.array([[0, 100]], np.uint16), photometric=0)).tolist() == [[65535, 65435]]


def test_channels_stored_apart_are_refused_not_scrambled(colour):
    size = colour[..., 0].size * 2
    with pytest.raises(ImageError, match="interleaved") as refused:
        decode_deep(tiff(colour, planar=2, bytes=size, rows=colour.shape[0]))
    assert refused.value.code == "damaged"


def with_profile(levels, colour_type, profile):
    return png(levels, colour_type, (b"iCCP", b"name\0\0" + zlib.compress(profile)))


def test_profile_of_tables_is_named_and_not_applied_at_16_bits(colour):
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    for profile in (lab, profile_of(ADOBE_RGB).replace(b"desc", b"A2B0")):
        with pytest.warns(UserWarning, match="profile was not applied"):
            assert same(decode_deep(with_profile(colour, RGB, profile)), colour)


@pytest.mark.parametrize("name", ["sRGB", "another"])
def test_levels_of_a_16_bit_file_pass_a_profile_of_srgb_unchanged_whatever_its_name(colour, name):
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    profile = srgb if name == "sRGB" else srgb.replace(b"s\0R\0G\0B", b"x\0y\0z\0w")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert same(decode_deep(with_profile(colour, RGB, profile)), colour)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("pack", [lambda p: png(p, RGB), lambda p: cv2.imencode(".tif", p)[1].tobytes()])
def test_truncated_16_bit_file_is_refused(rng, pack, share):
    data = pack(rng.integers(0, 65536, (64, 64, 3), dtype=np.uint16))
    with pytest.raises(ImageError):
        decode_deep(data[: int(len(data) * share)])


@pytest.mark.parametrize("pack", [lambda p: png(p, RGB), tiff])
def test_damage_never_raises_anything_else(rng, pack):
    data = pack(rng.integers(0, 65536, (8, 8, 3), dtype=np.uint16))
    for _ in range(100):
        broken = bytearray(data)
        for place in rng.integers(0, len(data), 4):
            broken[place] = rng.integers(0, 256)
        try:
            assert decode_deep(bytes(broken), Limits(max_pixels=10_000)).dtype in (np.uint8, np.uint16)
        except ImageError as refused:
            assert refused.remedy


def test_checksum_of_the_pixels_matters_to_neither_decoder(colour):
    """OpenCV would refuse what Pillow accepts; zlib has a checksum of its own."""
    data = bytearray(png(colour, RGB))
    data[-13] ^= 0xFF  # before the last chunk, which has 12 bytes
    assert same(decode_deep(bytes(data)), colour)


def test_length_of_the_pixels_that_is_too_large_hangs_nobody(colour):
    """OpenCV waits for the rest of the chunk. Pillow stops where the pixels end."""
    data = bytearray(png(colour, RGB))
    data[data.index(b"IDAT") - 4] = 0x7F
    assert same(decode_deep(bytes(data)), colour)
