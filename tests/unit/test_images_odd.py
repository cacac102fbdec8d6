"""Odd but valid files come out of both decoders upright, opaque, at their size and in their tones."""

import io

import numpy as np
import pytest
from PIL import Image

from odd_pictures import ODD, STORED, mask, scene
from raw_files import GREY, file_of, png, tiff
from stylefuse.images.deep import decode_deep
from stylefuse.images.files import FORMATS
from stylefuse.images.io import decode


def assert_close(found, expected, within):
    assert found.shape == expected.shape
    difference = np.abs(found.astype(float) - expected)
    # Lossy formats blur the edges between the quarters.
    assert (np.median(difference) if within else difference.max()) <= within
    assert (difference > within).mean() < 0.3


@pytest.mark.parametrize("name", ODD)
def test_decode(name):
    odd = ODD[name]
    found = decode(odd.make())
    assert found.mode == "RGB" and not found.info and not found.getexif()
    assert_close(np.asarray(found), odd.expected(), odd.within)


@pytest.mark.parametrize("name", ODD)
def test_decode_deep(name):
    odd = ODD[name]
    found = decode_deep(odd.make())
    expected = odd.expected()
    assert (found.dtype == np.uint16, found.ndim == 2) == (odd.deep, odd.grey)
    levels = found / 257 if odd.deep else found
    assert_close(levels, expected[..., 0] if odd.grey else expected, odd.within)


def test_no_format_of_ours_holds_hsv():
    """The one mode of Pillow's colour modes that has no file to test."""
    for file_format in FORMATS:
        try:
            data = file_of(Image.new("HSV", (2, 2)), file_format)
        except (OSError, ValueError, KeyError):
            continue
        assert Image.open(io.BytesIO(data)).mode != "HSV"


@pytest.mark.parametrize("pack", [lambda p: png(p, GREY), tiff, lambda p: tiff(p, ">")])
def test_a_ramp_of_16_bits_keeps_its_levels(pack):
    ramp = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    assert len(np.unique(np.asarray(decode(pack(ramp))))) == 256
    assert (decode_deep(pack(ramp)) == ramp).all()


@pytest.mark.parametrize("file_format", ["PNG", "WEBP", "TIFF"])
def test_hidden_colours_do_not_bleed(file_format):
    """Where half transparent pixels lie beside transparent ones whose hidden colour is loud."""
    image = Image.new("RGB", (48, 32), (255, 0, 255))
    image.paste(scene(), mask=mask())
    image.putalpha(mask())
    data = file_of(image, file_format, **({"lossless": True, "exact": True} if file_format == "WEBP" else {}))
    expected = np.asarray(scene()).copy()
    expected[:, :24] = 255
    assert (np.asarray(decode(data)) == expected).all()
    assert (decode_deep(data) == expected).all()


def test_the_scene_tells_every_turn_apart():
    turns = {scene().transpose(turn).tobytes() for turn in STORED.values() if turn is not None}
    assert len(turns | {scene().tobytes()}) == 8
