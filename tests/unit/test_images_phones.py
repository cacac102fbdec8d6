"""Photos as phones store them: AVIF through Pillow, HEIC where pillow-heif is installed."""

import io
import struct
import sys
from functools import partial

import numpy as np
import pytest
from PIL import ExifTags, Image, features

from odd_pictures import STORED, scene, with_mask
from raw_files import file_of
from stylefuse.images import files, heif
from stylefuse.images.boxes import code_points
from stylefuse.images.deep import decode_deep
from stylefuse.images.encoding import encode
from stylefuse.images.files import FORMATS, ImageError, Limits
from stylefuse.images.io import decode, save
from stylefuse.images.profiles import SRGB, Space, profile_of

P3 = Space((0.68, 0.32), (0.265, 0.69), (0.15, 0.06))
HEIF_THERE = "HEIF" in FORMATS
needs_heif = pytest.mark.skipif(not HEIF_THERE, reason="pillow-heif is not installed")
AVIF = pytest.param(
    "AVIF", marks=pytest.mark.skipif(not features.check("avif"), reason="this Pillow has no AVIF")
)
BOTH = pytest.mark.parametrize("file_format", [AVIF, pytest.param("HEIF", marks=needs_heif)])


def packed(image, file_format, **options):
    # pillow-heif writes colours of half the resolution unless it is asked not to
    fine = {"chroma": 444} if file_format == "HEIF" else {"subsampling": "4:4:4"}
    return file_of(image, file_format, quality=95, **fine, **options)


def middles(picture):
    """The colours in the middle of the scene's quarters, where no edge blurs."""
    levels = np.asarray(picture).astype(int)
    height, width = levels.shape[:2]
    return levels[height // 4 :: height // 2, width // 4 :: width // 2]


def exif_of(orientation):
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    exif[ExifTags.Base.Model] = "a phone"
    return exif.tobytes()


@BOTH
@pytest.mark.parametrize("decoder", [decode, decode_deep])
def test_a_photo_is_read(file_format, decoder):
    assert middles(decoder(packed(scene(), file_format))) == pytest.approx(middles(scene()), abs=4)


@BOTH
def test_names_decide_nothing(file_format, tmp_path):
    (tmp_path / "IMG_0001.JPG").write_bytes(packed(scene(), file_format))
    assert decode(tmp_path / "IMG_0001.JPG").size == scene().size


@BOTH
@pytest.mark.parametrize("orientation", STORED)
def test_a_turned_photo_is_turned_once(file_format, orientation):
    turn = STORED[orientation]
    stored = scene() if turn is None else scene().transpose(turn)
    data = packed(stored, file_format, exif=exif_of(orientation))
    found = decode(data)
    assert found.size == scene().size and not found.getexif()
    assert middles(found) == pytest.approx(middles(scene()), abs=4)


@BOTH
def test_transparent_parts_are_white(file_format):
    found = middles(decode(packed(with_mask("RGB"), file_format)))
    assert found[:, 0] == pytest.approx(255, abs=2)
    assert found[:, 1] == pytest.approx(middles(scene())[:, 1], abs=4)


@BOTH
def test_display_p3_is_converted(file_format):
    """What iPhones write: pure colours of P3 lie outside sRGB, greys stay."""
    image = Image.new("RGB", (64, 64), (90, 200, 90))
    image.paste((128, 128, 128), (0, 0, 64, 32))
    levels = np.asarray(decode(packed(image, file_format, icc_profile=profile_of(P3)))).astype(int)
    assert levels[8, 32] == pytest.approx([128] * 3, abs=3)
    expected = decode(file_of(Image.new("RGB", (1, 1), (90, 200, 90)), icc_profile=profile_of(P3)))
    assert levels[56, 32] == pytest.approx(list(expected.getpixel((0, 0))), abs=5)
    assert abs(int(levels[56, 32, 0]) - 90) > 20


@needs_heif
def test_code_points_of_heif_are_converted():
    image = Image.new("RGB", (64, 64), (90, 200, 90))
    coded = packed(image, "HEIF", color_primaries=12, transfer_characteristics=13)
    assert code_points(coded) == (12, 13)
    profiled = packed(image, "HEIF", icc_profile=profile_of(P3))
    found = [decode(data).getpixel((32, 32)) for data in (coded, profiled)]
    assert found[0] == pytest.approx(list(found[1]), abs=2)


@needs_heif
def test_a_photo_for_hdr_screens_is_refused_by_name():
    data = packed(scene(), "HEIF", color_primaries=9, transfer_characteristics=16)
    for decoder in (decode, decode_deep):
        with pytest.raises(ImageError, match=r"HDR screens \(PQ\).*SDR"):
            decoder(data)


@needs_heif
def test_ten_bits_are_read():
    import pillow_heif

    levels = np.asarray(scene()).astype(np.uint16) * 257
    made = pillow_heif.from_bytes("RGB;16", scene().size, levels.tobytes())
    buffer = io.BytesIO()
    made.save(buffer, quality=95, chroma=444)
    assert Image.open(buffer).info["bit_depth"] == 10
    for decoder in (decode, decode_deep):
        assert middles(decoder(buffer.getvalue())) == pytest.approx(middles(scene()), abs=4)


@needs_heif
def test_the_main_picture_is_given_and_no_thumbnail_or_other_picture():
    other = Image.new("RGB", (96, 96), "white")
    data = packed(other, "HEIF", save_all=True, append_images=[scene()], primary_index=1)
    assert decode(data).size == scene().size
    large = scene().resize((480, 320))
    assert decode(packed(large, "HEIF", thumbnails=[64, 128])).size == (480, 320)


@BOTH
def test_greys_stay_grey(file_format):
    levels = np.asarray(decode(packed(scene().convert("L"), file_format))).astype(int)
    assert np.ptp(levels, axis=2).max() <= 2
    assert middles(levels)[..., 0] == pytest.approx(
        middles(scene().convert("L").convert("RGB"))[..., 0], abs=3
    )


@BOTH
def test_limits_hold_before_pixels_are_unpacked(file_format, monkeypatch):
    data = packed(scene(), file_format)
    assert decode(data, Limits(len(data), 48 * 32)).size == (48, 32)

    def unpacked(self):
        raise AssertionError("pixels were unpacked")

    monkeypatch.setattr(Image.OPEN[file_format][0], "load", unpacked)
    for limits, code in (
        (Limits(max_pixels=48 * 32 - 1), "too_many_pixels"),
        (Limits(max_bytes=len(data) - 1), "too_large"),
    ):
        with pytest.raises(ImageError) as refused:
            decode(data, limits)
        assert refused.value.code == code


@needs_heif
def test_a_header_of_heif_that_understates_the_size_does_not_pass_the_limit():
    data = bytearray(packed(Image.new("RGB", (640, 480)), "HEIF"))
    at = data.index(b"ispe") + 8
    struct.pack_into(">II", data, at, 64, 64)
    with pytest.raises(ImageError):
        decode(bytes(data), Limits(max_pixels=64 * 64))


@BOTH
@pytest.mark.parametrize("share", [0.05, 0.2, 0.5, 0.9])
def test_a_photo_cut_short_is_refused(file_format, share):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    data = packed(Image.fromarray(noise), file_format)
    for decoder in (decode, decode_deep):
        with pytest.raises(ImageError):
            decoder(data[: int(len(data) * share)])


@BOTH
def test_damage_never_raises_anything_else(file_format):
    rng = np.random.default_rng(0)
    data = packed(Image.fromarray(rng.integers(0, 256, (16, 16, 3), dtype=np.uint8)), file_format)
    for number in range(120):
        broken = bytearray(data)
        for place in rng.integers(0, len(data) if number % 2 else 400, 4):
            broken[place % len(data)] = rng.integers(0, 256)
        try:
            assert decode(bytes(broken), Limits(max_pixels=10_000)).mode == "RGB"
        except ImageError as refused:
            assert refused.remedy


@BOTH
def test_what_a_photo_says_of_itself_is_kept(file_format):
    data = packed(scene(), file_format, exif=exif_of(6))
    png, remark = encode(decode(data), exif_of=data)
    kept = Image.open(io.BytesIO(png)).getexif()
    assert not remark
    assert kept[ExifTags.Base.Model] == "a phone" and kept[ExifTags.Base.Orientation] == 1


def test_results_are_not_written_in_formats_that_are_only_read(tmp_path):
    for name in ("a.avif", "a.heic"):
        with pytest.raises(ValueError, match=r"use the suffix \.png"):
            save(scene(), tmp_path / name)


def test_without_pillow_heif_there_is_no_heif(monkeypatch):
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    assert not heif.register()
    monkeypatch.setattr(files, "FORMATS", files.WRITTEN)
    with pytest.raises(ImageError, match="pip install pillow-heif"):
        decode(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(40))


def item_file(*colours, main=1):
    """The boxes of a file of several pictures, each with the code points of its colours."""

    def box(name, body):
        return struct.pack(">I4s", len(body) + 8, name) + body

    full = partial(bytes, 4)
    properties = b"".join(box(b"colr", b"nclx" + struct.pack(">HHHB", *each, 6, 128)) for each in colours)
    owners = b"".join(struct.pack(">HBB", item, 1, item | 128) for item in range(1, len(colours) + 1))
    ipma = full() + struct.pack(">I", len(colours)) + owners
    iprp = box(b"ipco", properties) + box(b"ipma", ipma)
    meta = (
        full() + box(b"hdlr", bytes(20)) + box(b"pitm", full() + struct.pack(">H", main)) + box(b"iprp", iprp)
    )
    return box(b"ftyp", b"avif" + bytes(4)) + box(b"meta", meta)


def test_colours_are_those_of_the_main_picture():
    """A photo may bring a rendition for HDR screens, a map of gains, tiles: each has its own colours."""
    data = item_file((9, 16), (12, 13), main=2)
    assert code_points(data) == (12, 13)
    assert code_points(item_file((9, 16), main=3)) is None
    assert [code_points(data[:length]) for length in range(len(data))].count((12, 13)) <= 1
    assert code_points(b"") is None and SRGB != P3
