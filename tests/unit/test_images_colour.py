"""What a file says of its colours is applied: profiles by what they do, chunks of PNG, EXIF of cameras."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageCms

from raw_files import GREY, GREY_ALPHA, RGB, RGB_ALPHA, file_of, png, png_of, same, tiff_of
from stylefuse.images.deep import decode_deep
from stylefuse.images.files import ImageError
from stylefuse.images.io import decode
from stylefuse.images.profiles import ADOBE_RGB, SRGB, Space, linear, profile_of, to_xyz

LINEAR = SRGB._replace(gamma=1.0)
P3 = Space((0.68, 0.32), (0.265, 0.69), (0.15, 0.06))
NAMES = ("sRGB", "GIMP built-in Linear sRGB", "sRGB-elle-V2-g10.icc", "Linear RGB")


def engine_srgb():
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def named(profile, name):
    """The profile under another name, in its tag `desc`, whose bytes are moved to the end."""
    text = name.encode() + b"\0"
    tag = b"desc\0\0\0\0" + struct.pack(">I", len(text)) + text + bytes(78)
    data = bytearray(profile + tag)
    at = data.index(b"desc", 128)
    struct.pack_into(">II", data, at + 4, len(profile), len(tag))
    struct.pack_into(">I", data, 0, len(data))
    return bytes(data)


def converted(level, space):
    """What sRGB level a level of another space means, by the formulas of both; of 0…255, one for each channel."""
    light = linear(np.array(level) / 255, space.gamma)
    light = np.linalg.inv(to_xyz(SRGB)) @ to_xyz(space) @ light
    light = light.clip(0, 1)
    return 255 * np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


def corner(data):
    return np.asarray(decode(data))[0, 0].tolist()


def flat(level, size=(16, 16)):
    return Image.new("RGB", size, tuple(level))


def jpeg(level, **tags):
    """A camera's JPEG without a profile; `tags` are its EXIF's colour space and interoperability index."""
    exif = Image.Exif()
    details = exif.get_ifd(ExifTags.IFD.Exif)
    if "space" in tags:
        details[ExifTags.Base.ColorSpace] = tags["space"]
    if "index" in tags:
        details[ExifTags.Base.ExifInteroperabilityOffset] = {1: tags["index"], 2: b"0100"}
    return file_of(flat(level), "JPEG", quality=100, subsampling=0, exif=exif)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("file_format", ["PNG", "TIFF", "JPEG", "WEBP"])
def test_a_linear_profile_is_applied_whatever_it_is_called(name, file_format):
    profile = named(profile_of(LINEAR), name)
    assert ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(io.BytesIO(profile))).strip() == name
    found = corner(file_of(flat([55] * 3), file_format, icc_profile=profile))
    assert found == pytest.approx([128] * 3, abs=2)  # 128 means the light 0.2159, which is 55 of 255


@pytest.mark.parametrize("name", NAMES)
def test_a_profile_that_means_srgb_leaves_every_level_as_it_is(name):
    levels = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    levels[0] = np.arange(64, dtype=np.uint8)[:, None]
    for profile in (engine_srgb(), profile_of(SRGB)):
        data = file_of(Image.fromarray(levels), icc_profile=named(profile, name))
        assert (np.asarray(decode(data)) == levels).all()


def test_a_gamma_near_to_that_of_srgb_is_not_the_same():
    profile = named(profile_of(SRGB._replace(gamma=2.2)), "sRGB with a simple gamma")
    assert corner(file_of(flat([5] * 3), icc_profile=profile)) == pytest.approx([0.6] * 3, abs=0.6)


@pytest.mark.parametrize("space", [ADOBE_RGB, P3, LINEAR, SRGB._replace(gamma=1.8)])
@pytest.mark.parametrize("level", [(90, 200, 90), (10, 20, 30), (250, 128, 3), (255, 255, 255), (0, 0, 0)])
def test_our_profiles_do_what_their_formulas_say(space, level):
    found = corner(file_of(flat(level), icc_profile=profile_of(space)))
    assert found == pytest.approx(converted(level, space).tolist(), abs=1.5)


def test_adobe_rgb_has_its_published_matrix():
    """Adobe RGB (1998), 4.3.5.3: XYZ of D65 adapted to D50."""
    published = [[0.60974, 0.20528, 0.14919], [0.31111, 0.62567, 0.06322], [0.01947, 0.06087, 0.74457]]
    assert to_xyz(ADOBE_RGB) == pytest.approx(np.array(published), abs=2e-4)
    assert struct.pack(">H", 0x0233) in profile_of(ADOBE_RGB)  # its gamma, 563 of 256, exactly


@pytest.mark.parametrize("tags", [{"space": 65535, "index": "R03"}, {"index": "R03"}, {"space": 2}])
@pytest.mark.parametrize("decoder", [decode, decode_deep])
def test_a_cameras_adobe_rgb_is_known_by_its_exif(tags, decoder):
    level = np.asarray(decoder(jpeg((90, 200, 90), **tags)))[0, 0].tolist()
    assert level == pytest.approx([0, 201, 80], abs=2)


@pytest.mark.parametrize(
    "tags",
    [{}, {"space": 1}, {"space": 65535}, {"space": 65535, "index": "R98"}, {"space": 1, "index": "R03"}],
)
def test_any_other_exif_leaves_levels_as_they_are(tags):
    data = jpeg((90, 200, 90), **tags)
    assert (np.asarray(decode(data)) == np.asarray(Image.open(io.BytesIO(data)))).all()


def test_an_embedded_profile_counts_more_than_exif():
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "a maker"
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.ColorSpace] = 2
    for file_format in ("PNG", "TIFF"):
        data = file_of(flat((90, 200, 90)), file_format, exif=exif.tobytes())
        assert corner(data) == pytest.approx([0, 201, 80], abs=2)
    assert corner(file_of(flat((90, 200, 90)), exif=exif, icc_profile=engine_srgb())) == [90, 200, 90]


def gama(gamma):
    return b"gAMA", struct.pack(">I", round(gamma * 100_000))


def chrm(space):
    points = (space.white, space.red, space.green, space.blue)
    return b"cHRM", struct.pack(">8I", *(round(value * 100_000) for point in points for value in point))


def eight(level, *chunks):
    colour_type = GREY if isinstance(level, int) else RGB
    row = b"\0" + bytes([level] if colour_type == GREY else level)
    return png_of(1, 1, 8, colour_type, *chunks, pixels=zlib.compress(row))


@pytest.mark.parametrize(
    ("chunks", "space"),
    [
        ([gama(1.0)], LINEAR),
        ([gama(1 / 1.8)], SRGB._replace(gamma=1.8)),
        ([gama(0.45455), chrm(ADOBE_RGB)], ADOBE_RGB._replace(gamma=0.0)),
        ([chrm(P3)], P3),
        ([(b"cICP", bytes([12, 13, 0, 1]))], P3),
        ([(b"cICP", bytes([1, 8, 0, 1]))], LINEAR),
        ([(b"sRGB", b"\0"), (b"cICP", bytes([12, 13, 0, 1]))], P3),
    ],
)
def test_chunks_of_png_tell_colours(chunks, space):
    level = (90, 200, 90)
    expected = converted(level, space)
    assert corner(eight(level, *chunks)) == pytest.approx(expected.tolist(), abs=1.5)
    deep = decode_deep(png(np.array([[level]], np.uint16) * 257, RGB, *chunks))
    assert deep.dtype == np.uint16 and deep[0, 0] / 257 == pytest.approx(expected, abs=0.5)


@pytest.mark.parametrize(
    "chunks",
    [
        [gama(0.45455)],
        [gama(0.45455), chrm(SRGB)],
        [(b"sRGB", b"\0"), gama(1.0)],
        [(b"cICP", bytes([1, 13, 0, 1])), gama(1.0)],
        [gama(0)],
        [gama(300)],
        [(b"cHRM", bytes(32))],
        [(b"cHRM", b"\xff" * 32)],
        [(b"cHRM", struct.pack(">8I", *[33_333] * 8))],
        [(b"cICP", b"\0")],
    ],
)
def test_chunks_of_png_that_mean_srgb_or_nothing_leave_levels_as_they_are(chunks):
    assert corner(eight((90, 200, 90), *chunks)) == [90, 200, 90]
    levels = np.array([[[90, 200, 9000]]], np.uint16)
    assert same(decode_deep(png(levels, RGB, *chunks)), levels)


def test_greys_have_profiles_too():
    for data in (
        eight(55, gama(1.0)),
        file_of(Image.new("L", (4, 4), 55), icc_profile=profile_of(LINEAR, grey=True)),
        file_of(Image.new("LA", (4, 4), (55, 255)), icc_profile=profile_of(LINEAR, grey=True)),
    ):
        assert corner(data) == pytest.approx([128] * 3, abs=1)
        assert decode_deep(data)[0, 0] == pytest.approx(128, abs=1)
    deep = png(np.array([[55 * 257]], np.uint16), GREY, gama(1.0))
    assert decode_deep(deep)[0, 0] / 257 == pytest.approx(127.95, abs=0.1)
    clear = png(np.array([[[55 * 257, 65535], [0, 0]]], np.uint16), GREY_ALPHA, gama(1.0))
    assert (decode_deep(clear) / 257)[0] == pytest.approx([127.95, 255], abs=0.1)
    assert np.asarray(decode(clear))[0, 0].tolist() == pytest.approx([128] * 3, abs=1)


def test_16_bit_colours_are_converted_before_they_are_laid_on_white():
    levels = np.array([[[55 * 257] * 3 + [65535], [55 * 257] * 3 + [32768]]], np.uint16)
    found = decode_deep(png(levels, RGB_ALPHA, gama(1.0)))[0, :, 0] / 257
    assert found == pytest.approx([127.95, (127.95 + 255) / 2], abs=0.1)


@pytest.mark.parametrize("space", [ADOBE_RGB, P3, LINEAR])
def test_16_bits_and_8_bits_agree_on_a_profile(space):
    levels = np.random.default_rng(1).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    profile = profile_of(space)
    eight_bits = np.asarray(decode(file_of(Image.fromarray(levels), icc_profile=profile))).astype(float)
    deep = png(levels.astype(np.uint16) * 257, RGB, (b"iCCP", b"a\0\0" + zlib.compress(profile)))
    assert np.abs(decode_deep(deep) / 257 - eight_bits).max() <= 1.5


@pytest.mark.parametrize("kind", range(5))
def test_parametric_curves_are_those_of_the_colour_engine(kind):
    numbers = [2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045, 0.0, 0.0]
    if kind in (1, 2):  # these begin with a level that stays black; the engine moves any other black to 0
        numbers[1:4] = [1.05, -0.05, 0]
    count = (1, 3, 4, 5, 7)[kind]
    curve = b"para\0\0\0\0" + struct.pack(">HH", kind, 0)
    curve += struct.pack(f">{count}i", *(round(number * 65536) for number in numbers[:count]))
    profile = bytearray(profile_of(P3) + curve)
    for name in (b"rTRC", b"gTRC", b"bTRC"):
        struct.pack_into(">II", profile, profile.index(name) + 4, len(profile) - len(curve), len(curve))
    struct.pack_into(">I", profile, 0, len(profile))
    levels = np.arange(256, dtype=np.uint8)[None, :, None].repeat(3, axis=2)
    eight_bits = np.asarray(decode(file_of(Image.fromarray(levels), icc_profile=bytes(profile))))
    chunk = (b"iCCP", b"a\0\0" + zlib.compress(bytes(profile)))
    deep = decode_deep(png(levels.astype(np.uint16) * 257, RGB, chunk))
    assert np.abs(deep / 257 - eight_bits).max() <= 1.5


@pytest.mark.parametrize("transfer", [16, 18])
def test_a_picture_for_hdr_screens_is_refused_by_name(transfer):
    chunk = (b"cICP", bytes([9, transfer, 0, 1]))
    for decoder, data in (
        (decode, eight((9, 9, 9), chunk)),
        (decode_deep, png(np.ones((2, 2, 3)), RGB, chunk)),
    ):
        with pytest.raises(ImageError, match=r"HDR screens.*SDR") as refused:
            decoder(data)
        assert refused.value.code == "unsupported_format"


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_a_profile_of_other_channels_than_the_pixels_counts_as_none(mode):
    profile = profile_of(LINEAR, grey=mode == "RGB")
    image = flat((90, 200, 90)).convert(mode)
    with_it, without = (file_of(image, "TIFF", **options) for options in ({"icc_profile": profile}, {}))
    assert corner(with_it) == corner(without)


def test_damaged_profiles_never_raise():
    rng = np.random.default_rng(0)
    levels = np.full((2, 2, 3), 9000, np.uint16)
    for space in (ADOBE_RGB, SRGB):
        for _ in range(150):
            profile = bytearray(profile_of(space))
            for place in rng.integers(0, 400, 3):
                profile[place] = rng.integers(0, 256)
            decode(file_of(flat((9, 9, 9), (2, 2)), icc_profile=bytes(profile)))
            packed = (b"iCCP", b"a\0\0" + zlib.compress(bytes(profile)))
            assert decode_deep(png(levels, RGB, packed)).shape == (2, 2, 3)


def deep_tiff(levels, profile, apart=False):
    """A 16-bit TIFF with a profile; `apart`: one channel after the other."""
    height, width = levels.shape[:2]
    grey = levels.ndim == 2
    count = 1 if grey else 3
    stored = levels.transpose(2, 0, 1) if apart else levels
    pixels = stored.astype("<u2").tobytes()
    parts = count if apart else 1
    size = len(pixels) // parts
    start = 8 + 2 + 12 * 12 + 4
    where = 24  # of the profile, in what follows the tags
    at = start + where + len(profile)
    body = struct.pack("<12H", *[16] * 3, 0, *[0] * 8) + profile + pixels
    strips = struct.pack(f"<{parts}I", *(at + size * part for part in range(parts)))
    sizes = struct.pack(f"<{parts}I", *[size] * parts)
    tags = [(256, 4, 1, width), (257, 4, 1, height), (258, 3, count, 16 if grey else (0,)), (259, 3, 1, 1)]
    tags += [
        (262, 3, 1, 1 if grey else 2),
        (273, 4, parts, (len(body),) if apart else at),
        (277, 3, 1, count),
    ]
    tags += [(278, 4, 1, height), (279, 4, parts, (len(body) + len(strips),) if apart else size)]
    tags += [(284, 3, 1, 2 if apart else 1), (305, 2, 1, 0), (34675, 7, len(profile), (where,))]
    return tiff_of(tags, body + strips + sizes)


@pytest.mark.parametrize("grey", [False, True])
def test_dark_levels_of_a_linear_16_bit_file_stay_apart_at_8_bits(grey):
    """Cut to 8 bits first, all of them would be levels 0 and 1."""
    levels = np.linspace(0, 256, 20).astype(np.uint16)[None]
    levels = levels if grey else levels[..., None].repeat(3, axis=2)
    profile = profile_of(LINEAR, grey)
    for data in (png(levels, GREY if grey else RGB, gama(1.0)), deep_tiff(levels, profile)):
        found = np.asarray(decode(data))[0, :, 0].astype(int)
        assert len(np.unique(found)) > 10 and found[-1] == pytest.approx(12.9, abs=1)


def test_channels_stored_apart_are_converted_at_8_bits():
    levels = np.full((4, 4, 3), 55 * 257, np.uint16)
    data = deep_tiff(levels, profile_of(LINEAR), apart=True)
    assert corner(data) == pytest.approx([128] * 3, abs=1)
    with pytest.raises(ImageError, match="interleaved"):
        decode_deep(data)
