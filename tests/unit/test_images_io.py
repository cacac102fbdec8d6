"""decode: every kind of file comes out upright, opaque and in sRGB, or is refused with a reason."""

import io
import struct
import zlib

import numpy as np
import pytest
import torch
from PIL import Image, ImageCms

from stylefuse.images.files import ImageError, Limits
from stylefuse.images.io import decode, encode_png, save, to_image, to_tensor


def file_of(image, file_format="PNG", **options):
    buffer = io.BytesIO()
    image.save(buffer, file_format, **options)
    return buffer.getvalue()


def pixels(data, **options):
    return np.asarray(decode(data, **options)).astype(int)


@pytest.fixture
def picture():
    """48×32: four flat quarters, which survive JPEG, of four colours, which tell every turn apart."""
    colours = np.array([[[200, 40, 30], [30, 180, 40]], [[40, 60, 200], [220, 210, 40]]], np.uint8)
    return Image.fromarray(colours.repeat(16, axis=0).repeat(24, axis=1))


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.mark.parametrize(
    ("orientation", "stored"),
    [
        (1, None),
        (2, Image.Transpose.FLIP_LEFT_RIGHT),
        (3, Image.Transpose.ROTATE_180),
        (4, Image.Transpose.FLIP_TOP_BOTTOM),
        (5, Image.Transpose.TRANSPOSE),
        (6, Image.Transpose.ROTATE_90),
        (7, Image.Transpose.TRANSVERSE),
        (8, Image.Transpose.ROTATE_270),
    ],
)
@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_turned_by_camera_comes_out_upright(picture, orientation, stored, file_format):
    exif = Image.Exif()
    exif[0x0112] = orientation
    turned = picture if stored is None else picture.transpose(stored)
    options = {"quality": 95, "subsampling": 0} if file_format == "JPEG" else {}
    found = decode(file_of(turned, file_format, exif=exif, **options))
    assert found.size == picture.size
    difference = np.abs(np.asarray(found).astype(int) - np.asarray(picture))
    assert np.median(difference) <= 4  # JPEG and WebP blur the edges between the quarters
    assert not found.getexif()


def test_orientation_is_applied_before_transparency_is_removed(picture):
    clear = picture.copy()
    clear.putalpha(Image.fromarray(np.repeat([[0] * 24 + [255] * 24], 32, axis=0).astype(np.uint8)))
    exif = Image.Exif()
    exif[0x0112] = 6
    found = pixels(file_of(clear.transpose(Image.Transpose.ROTATE_90), exif=exif))
    assert (found[:, :24] == 255).all()
    assert (found[:, 24:] == np.asarray(picture)[:, 24:]).all()


def test_transparent_pixels_are_laid_on_white_and_hide_their_colour():
    rgba = np.zeros((1, 3, 4), np.uint8)
    rgba[0] = [[255, 0, 0, 0], [255, 0, 0, 255], [0, 0, 0, 128]]
    assert pixels(file_of(Image.fromarray(rgba)))[0].tolist() == [[255] * 3, [255, 0, 0], [127] * 3]


@pytest.mark.parametrize("mode", ["LA", "P"])
def test_other_kinds_of_transparency_turn_white(mode):
    if mode == "LA":
        image = Image.fromarray(np.array([[[9, 0], [60, 255]]], np.uint8))
        options = {}
    else:
        image = Image.fromarray(np.array([[0, 1]], np.uint8)).convert("P")
        image.putpalette([9, 9, 9, 60, 60, 60])
        options = {"transparency": 0}
    assert pixels(file_of(image, **options))[0].tolist() == [[255] * 3, [60] * 3]


def test_transparent_grey_level_of_a_16_bit_file_turns_white():
    def chunk(name, body):
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", 2, 1, 16, 0, 0, 0, 0)
    rows = zlib.compress(b"\0" + struct.pack(">HH", 300, 25700))
    png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"tRNS", struct.pack(">H", 300))
    png += chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    assert pixels(png)[0].tolist() == [[255] * 3, [100] * 3]


@pytest.mark.parametrize("file_format", ["PNG", "TIFF"])
def test_16_bit_ramp_keeps_its_levels(file_format):
    ramp = np.linspace(0, 65535, 256).astype(np.uint16)[None].repeat(2, axis=0)
    found = pixels(file_of(Image.fromarray(ramp), file_format))
    assert (found[0] == np.arange(256)[:, None]).all()


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.0, 0.5, 1.0], [0, 128, 255]),
        ([0.0, 100.0, 255.0], [0, 100, 255]),
        ([0.0, 25700.0, 65535.0], [0, 100, 255]),
        ([-1.0, 0.0, 1.0], [0, 128, 255]),
        ([float("nan"), 0.5, 1.0], [128, 128, 255]),
    ],
)
def test_float_pixels_are_scaled_by_their_range(values, expected):
    data = file_of(Image.fromarray(np.array([values], np.float32)), "TIFF")
    assert pixels(data)[0, :, 0].tolist() == expected


def test_32_bit_integers_are_scaled_by_their_range():
    data = file_of(Image.fromarray(np.array([[0, 100, 255]], np.int32)), "TIFF")
    assert pixels(data)[0, :, 0].tolist() == [0, 100, 255]


def test_picture_of_no_numbers_is_refused():
    data = file_of(Image.fromarray(np.full((2, 2), np.nan, np.float32)), "TIFF")
    with pytest.raises(ImageError) as refused:
        decode(data)
    assert refused.value.code == "damaged"


@pytest.mark.parametrize("mode", ["1", "L", "P", "CMYK", "YCbCr", "LAB", "RGBX"])
def test_colour_modes_keep_the_picture(picture, mode):
    if mode == "LAB":
        srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
        image = ImageCms.profileToProfile(picture, srgb, lab, outputMode="LAB")
    else:
        image = picture.quantize(4) if mode == "P" else picture.convert(mode)
    expected = picture.convert("L").convert("RGB") if mode in ("1", "L") else picture
    difference = np.abs(pixels(file_of(image, "TIFF")) - np.asarray(expected).astype(int))
    # One bit a pixel dithers: right on average only.
    assert (np.abs(difference.mean()) if mode == "1" else difference.max()) <= (127 if mode == "1" else 8)


def test_cmyk_jpeg_is_not_inverted(picture):
    found = pixels(file_of(picture.convert("CMYK"), "JPEG", quality=95))
    assert np.median(np.abs(found - np.asarray(picture))) <= 4


def test_colour_profile_is_applied():
    # A profile with red and blue swapped would do; sRGB against XYZ-like LAB profiles needs no file.
    grey = Image.new("RGB", (4, 4), (100, 150, 200))
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert pixels(file_of(grey, icc_profile=srgb))[0, 0].tolist() == [100, 150, 200]
    assert pixels(file_of(grey, icc_profile=swapped_primaries(srgb)))[0, 0].tolist() == pytest.approx(
        [200, 150, 100], abs=3
    )


def swapped_primaries(profile):
    """Return an RGB profile whose red and blue primaries changed places, under another name."""
    data = bytearray(profile.replace(b"s\0R\0G\0B", b"x\0R\0G\0B"))
    count = struct.unpack_from(">I", data, 128)[0]
    entries = {bytes(data[132 + 12 * i : 136 + 12 * i]): 132 + 12 * i for i in range(count)}
    red, blue = entries[b"rXYZ"], entries[b"bXYZ"]
    data[red + 4 : red + 12], data[blue + 4 : blue + 12] = (
        data[blue + 4 : blue + 12],
        data[red + 4 : red + 12],
    )
    return bytes(data)


def test_unreadable_profile_counts_as_none():
    data = file_of(Image.new("RGB", (4, 4), (100, 150, 200)), icc_profile=b"no profile at all")
    assert pixels(data)[0, 0].tolist() == [100, 150, 200]


@pytest.mark.parametrize("file_format", ["GIF", "WEBP", "PNG", "TIFF"])
def test_several_frames_give_the_first(file_format):
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue", "green")]
    data = file_of(frames[0], file_format, save_all=True, append_images=frames[1:])
    assert pixels(data)[4, 4].tolist() == pytest.approx([255, 0, 0], abs=3)


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF"])
@pytest.mark.parametrize("share", [0.02, 0.1, 0.5, 0.9])
def test_truncated_file_is_refused(rng, file_format, share):
    data = file_of(Image.fromarray(rng.integers(0, 255, (64, 64, 3), dtype=np.uint8)), file_format)
    with pytest.raises(ImageError):
        decode(data[: int(len(data) * share)])


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF"])
def test_damage_never_raises_anything_else(rng, file_format):
    data = file_of(Image.fromarray(rng.integers(0, 255, (16, 16, 3), dtype=np.uint8)), file_format)
    for _ in range(60):
        broken = bytearray(data)
        for place in rng.integers(0, len(data), 4):
            broken[place] = rng.integers(0, 256)
        try:
            assert decode(bytes(broken), Limits(max_pixels=10_000)).mode == "RGB"
        except ImageError as refused:
            assert refused.remedy


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty"),
        (b"\0", "not_a_picture"),
        (b"a letter, not a picture", "not_a_picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'></svg>", "not_a_picture"),
        (b"<html><img src=x></html>", "not_a_picture"),
        (b"%PDF-1.7", "not_a_picture"),
    ],
)
def test_what_is_no_picture_is_refused(data, code):
    with pytest.raises(ImageError) as refused:
        decode(data)
    assert refused.value.code == code
    assert str(refused.value) == f"{refused.value.message}: {refused.value.remedy}"


@pytest.mark.parametrize("file_format", ["PPM", "ICO", "PCX", "TGA"])
def test_formats_off_the_list_are_refused(picture, file_format):
    with pytest.raises(ImageError, match=f"{file_format}.*: export it as JPEG or PNG") as refused:
        decode(file_of(picture, file_format))
    assert refused.value.code == "unsupported_format"


@pytest.mark.parametrize("side", [7_000, 30_000, 100_000])
def test_bomb_is_refused_by_its_header(side):
    def chunk(name, body):
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
    bomb = b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
    with pytest.raises(ImageError) as refused:
        decode(bomb)  # no pixels follow: anything that tried to decode them would call it damaged
    assert refused.value.code == "too_many_pixels"


def test_limits_are_exact(picture, tmp_path):
    data = file_of(picture)
    assert decode(data, Limits(len(data), 48 * 32)).size == (48, 32)
    for limits, code in (
        (Limits(len(data) - 1), "too_large"),
        (Limits(max_pixels=48 * 32 - 1), "too_many_pixels"),
    ):
        with pytest.raises(ImageError) as refused:
            decode(data, limits)
        assert refused.value.code == code
        (tmp_path / "a.png").write_bytes(data)
        with pytest.raises(ImageError) as refused:
            decode(tmp_path / "a.png", limits)
        assert refused.value.code == code


def test_missing_file_is_named(tmp_path):
    with pytest.raises(ImageError, match=r"nowhere\.png") as refused:
        decode(tmp_path / "nowhere.png")
    assert refused.value.code == "unreadable"


def test_tensor_round_trip_is_exact():
    every_level = np.arange(256, dtype=np.uint8).reshape(16, 16)
    picture = np.stack([every_level, every_level.T, every_level[::-1]], axis=2)
    tensor = to_tensor(picture)
    assert tensor.shape == (3, 16, 16) and tensor.dtype == torch.float32
    assert tensor.min() == -1 and tensor.max() == 1
    assert (np.asarray(to_image(tensor)) == picture).all()
    assert (to_tensor(Image.fromarray(picture)) == tensor).all()


def test_to_image_rounds_and_clips():
    tensor = torch.tensor([-3.0, -1 + 0.6 / 127.5, 1.2]).view(3, 1, 1)
    assert np.asarray(to_image(tensor)).tolist() == [[[0, 1, 255]]]


@pytest.mark.parametrize(
    "bad", [torch.zeros(1, 4, 4), torch.zeros(2, 3, 4, 4), torch.full((3, 2, 2), torch.nan)]
)
def test_to_image_refuses_what_is_no_picture(bad):
    with pytest.raises(ValueError, match=r"3×H×W|NaN"):
        to_image(bad)


@pytest.mark.parametrize("bad", [np.zeros((4, 4, 3), np.float32), np.zeros((4, 4), np.uint8)])
def test_to_tensor_refuses_what_is_no_picture(bad):
    with pytest.raises(ValueError, match="uint8"):
        to_tensor(bad)


def test_encode_and_save_give_the_picture_back(picture, tmp_path):
    assert decode(encode_png(picture)).tobytes() == picture.tobytes()
    save(picture, tmp_path / "new" / "a.png")
    assert decode(tmp_path / "new" / "a.png").tobytes() == picture.tobytes()
    assert [p.name for p in (tmp_path / "new").iterdir()] == ["a.png"]


def test_failed_save_leaves_the_old_file(picture, tmp_path, monkeypatch):
    save(picture, tmp_path / "a.png")
    old = (tmp_path / "a.png").read_bytes()

    def disk_full(self, path, *args, **options):
        path.write_bytes(b"half")
        raise OSError("no space left on device")

    monkeypatch.setattr(Image.Image, "save", disk_full)
    with pytest.raises(OSError, match="no space"):
        save(picture, tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes() == old
    assert len(list(tmp_path.iterdir())) == 1


def test_save_refuses_an_unknown_suffix(picture, tmp_path):
    with pytest.raises(ValueError, match=r"a\.xyz.*\.png"):
        save(picture, tmp_path / "a.xyz")
