"""Deep pictures: every level and channel of a file survives, from file to tensor to file."""

import numpy as np
import pytest
import torch
from PIL import Image

from raw_files import GREY, RGB, file_of, png, same, tiff
from stylefuse.images.deep import decode_deep, deep_to_tensor, encode_deep, save_deep, tensor_to_deep
from stylefuse.images.files import ImageError, Limits
from stylefuse.images.io import decode


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def colour(rng):
    return rng.integers(0, 65536, (5, 7, 3), dtype=np.uint16)


@pytest.mark.parametrize("pack", [lambda p: png(p, GREY), tiff, lambda p: tiff(p, ">")])
def test_16_bit_grey_keeps_all_levels(pack):
    levels = np.arange(65536, dtype=np.uint16).reshape(128, 512)
    assert same(decode_deep(pack(levels)), levels)


@pytest.mark.parametrize("pack", [lambda p: png(p, RGB), tiff, lambda p: tiff(p, ">")])
def test_16_bit_colour_keeps_all_levels(pack):
    levels = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    picture = np.stack([levels, levels.T, levels[::-1]], axis=2)
    assert same(decode_deep(pack(picture)), picture)


@pytest.mark.parametrize("mode", ["1", "L", "LA"])
def test_8_bit_grey_comes_back_grey(rng, mode):
    grey = Image.fromarray(rng.integers(0, 256, (6, 8), dtype=np.uint8))
    image = grey.convert(mode)
    expected = np.asarray(image.convert("L"))
    assert same(decode_deep(file_of(image)), expected)


def test_grey_alpha_lies_on_white():
    assert decode_deep(file_of(Image.fromarray(np.array([[[9, 0], [60, 255]]], np.uint8)))).tolist() == [
        [255, 60]
    ]


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF"])
def test_8_bit_colour_is_what_io_decodes(rng, file_format):
    picture = Image.fromarray(rng.integers(0, 256, (6, 8, 3), dtype=np.uint8))
    data = file_of(picture, file_format)
    assert same(decode_deep(data), np.asarray(decode(data)))


def test_grey_stored_as_colour_stays_colour():
    assert decode_deep(file_of(Image.new("RGB", (4, 3), (7, 7, 7)))).shape == (3, 4, 3)
    assert decode_deep(png(np.full((3, 4, 3), 700, np.uint16), RGB)).shape == (3, 4, 3)


def test_32_bit_pixels_go_through_io():
    data = file_of(Image.fromarray(np.array([[0.0, 0.5, 1.0]], np.float32)), "TIFF")
    assert same(decode_deep(data), np.asarray(decode(data)))


def test_limits_and_refusals_are_those_of_io(colour, tmp_path):
    data = png(colour, RGB)
    assert decode_deep(data, Limits(len(data), 35)).shape == (5, 7, 3)
    for source, limits, code in (
        (data, Limits(len(data) - 1), "too_large"),
        (data, Limits(max_pixels=34), "too_many_pixels"),
        (b"", Limits(), "empty"),
        (b"a letter", Limits(), "not_a_picture"),
        (tmp_path / "nowhere.png", Limits(), "unreadable"),
    ):
        with pytest.raises(ImageError) as refused:
            decode_deep(source, limits)
        assert refused.value.code == code


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("shape", [(6, 8), (6, 8, 3)])
def test_encode_and_save_give_the_picture_back(rng, tmp_path, dtype, shape):
    picture = rng.integers(0, np.iinfo(dtype).max, shape, dtype, endpoint=True)
    assert same(decode_deep(encode_deep(picture)), picture)
    for name in ("a.png", "a.tif", "a.TIFF"):
        save_deep(picture, tmp_path / "new" / name)
        assert same(decode_deep(tmp_path / "new" / name), picture)
    assert len(list((tmp_path / "new").iterdir())) == 3


def test_suffix_that_cannot_hold_16_bits_is_refused(colour, tmp_path):
    with pytest.raises(ValueError, match=r"a\.jpg.*16 bits.*\.png"):
        save_deep(colour, tmp_path / "a.jpg")
    with pytest.raises(ValueError, match=r"a\.xyz"):
        save_deep(colour, tmp_path / "a.xyz")
    save_deep((colour >> 8).astype(np.uint8), tmp_path / "a.jpg")
    assert [path.name for path in tmp_path.iterdir()] == ["a.jpg"]


def test_failed_save_leaves_the_old_file(colour, tmp_path, monkeypatch):
    save_deep(colour, tmp_path / "a.png")
    old = (tmp_path / "a.png").read_bytes()

    def disk_full(self, data):
        with self.open("wb") as file:
            file.write(data[:10])
        raise OSError("no space left on device")

    monkeypatch.setattr(type(tmp_path), "write_bytes", disk_full)
    with pytest.raises(OSError, match="no space"):
        save_deep(colour[:2], tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes() == old
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_tensor_round_trip_is_exact_for_every_level(dtype):
    side = 16 if dtype == np.uint8 else 256
    levels = np.arange(side * side, dtype=dtype).reshape(side, side)
    picture = np.stack([levels, levels.T, levels[::-1]], axis=2)
    tensor = deep_to_tensor(picture)
    assert tensor.shape == (3, side, side) and tensor.dtype == torch.float32
    assert tensor.min() == -1 and tensor.max() == 1
    assert same(tensor_to_deep(tensor, dtype, grey=False), picture)
    assert same(tensor_to_deep(deep_to_tensor(levels), dtype, grey=True), levels)


def test_grey_is_repeated_and_luma_comes_back():
    tensor = deep_to_tensor(np.array([[0, 65535, 20000]], np.uint16))
    assert (tensor[0] == tensor[1]).all() and (tensor[0] == tensor[2]).all()
    red = torch.tensor([1.0, -1.0, -1.0]).view(3, 1, 1)
    assert tensor_to_deep(red, np.uint8, grey=True).tolist() == [[76]]  # 0.299 × 255


def test_tensor_to_deep_rounds_and_clips():
    tensor = torch.tensor([-3.0, -1 + 0.6 / 32767.5, 1.2]).view(3, 1, 1)
    assert tensor_to_deep(tensor, np.uint16, grey=False).tolist() == [[[0, 1, 65535]]]


@pytest.mark.parametrize(
    "bad", [torch.zeros(1, 4, 4), torch.zeros(2, 3, 4, 4), torch.full((3, 2, 2), torch.nan)]
)
def test_tensor_to_deep_refuses_what_is_no_picture(bad):
    with pytest.raises(ValueError, match=r"3×H×W|NaN"):
        tensor_to_deep(bad, np.uint8, grey=False)
    with pytest.raises(ValueError, match="float32"):
        tensor_to_deep(torch.zeros(3, 4, 4), np.float32, grey=False)


@pytest.mark.parametrize(
    "bad",
    [np.zeros((4, 4, 3)), np.zeros((4, 4, 2), np.uint8), np.zeros(4, np.uint8), np.zeros((0, 4), np.uint16)],
)
@pytest.mark.parametrize("use", [encode_deep, deep_to_tensor])
def test_what_is_no_picture_is_refused(use, bad):
    with pytest.raises(ValueError, match=r"H×W|no pixels"):
        use(bad)
