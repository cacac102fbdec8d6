"""Files that are not decoded: the refusal says what they are and what to do."""

import struct
import zipfile
from io import BytesIO

import pytest
from PIL import Image

from raw_files import file_of
from stylefuse.images import files
from stylefuse.images.deep import decode_deep
from stylefuse.images.files import ImageError
from stylefuse.images.io import decode
from stylefuse.pipelines.folders import unreadable
from stylefuse.serving.service.errors import STATUS

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 12345\n"
PICTURE, NONE = "unsupported_format", "not_a_picture"


def boxes(brand, *compatible):
    body = brand + bytes(4) + b"".join(compatible)
    return struct.pack(">I", len(body) + 8) + b"ftyp" + body + bytes(64)


def archive():
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        made.writestr("a.png", b"")
    return buffer.getvalue()


FOREIGN = {
    "Git LFS": (POINTER, NONE, "a Git LFS pointer, not the picture itself: run git lfs pull"),
    "git-annex": (b"/annex/objects/SHA256E-s1--aa.jpg\n", NONE, "a git-annex pointer.*git annex get"),
    "DVC": (b"outs:\n- md5: 22a1\n  path: a.jpg\n", NONE, "a DVC pointer.*dvc pull"),
    "JPEG XL": (b"\xff\x0a" + bytes(40), PICTURE, "a JPEG XL picture: export"),
    "JPEG XL in boxes": (b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(40), PICTURE, "a JPEG XL picture: export"),
    "JPEG 2000": (file_of(Image.new("RGB", (8, 8)), "JPEG2000"), PICTURE, "a JPEG 2000 picture: export"),
    "JPEG 2000, bare": (b"\xff\x4f\xff\x51" + bytes(40), PICTURE, "a JPEG 2000 picture: export"),
    "CR3": (boxes(b"crx ", b"isom"), PICTURE, "a camera's raw file: export it as JPEG or TIFF"),
    "RAF": (b"FUJIFILMCCD-RAW 0201FF", PICTURE, "a camera's raw file"),
    "ORF": (b"IIRO\x08\0\0\0" + bytes(40), PICTURE, "a camera's raw file"),
    "RW2": (b"IIU\0\x18\0\0\0" + bytes(40), PICTURE, "a camera's raw file"),
    "PSD": (b"8BPS\0\1" + bytes(40), PICTURE, "a Photoshop document"),
    "EXR": (b"\x76\x2f\x31\x01\2\0\0\0", PICTURE, "an OpenEXR picture: export it as 16-bit"),
    "HDR": (b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n", PICTURE, "a Radiance HDR picture"),
    "PPM": (b"P6\n1 1\n255\n\0\0\0", PICTURE, "a PPM"),
    "TGA": (file_of(Image.new("RGB", (8, 8)), "TGA"), PICTURE, "a TGA picture"),
    "MOV": (boxes(b"qt  "), NONE, "a video: export a frame"),
    "MP4": (boxes(b"isom", b"iso2", b"mp41"), NONE, "a video"),
    "WebM": (b"\x1a\x45\xdf\xa3\x9fB\x86\x81\1", NONE, "a video"),
    "AVI": (b"RIFF\0\1\0\0AVI LIST", NONE, "a video"),
    "PDF": (b"%PDF-1.7\n", NONE, "a PDF document: export its page"),
    "SVG": (b"<?xml version='1.0'?>\n<svg xmlns='http://www.w3.org/2000/svg'/>", NONE, "an SVG drawing"),
    "a failed download": (
        b"\n<!DOCTYPE html><html><body>404</body></html>",
        NONE,
        "a web page, not a picture",
    ),
    "HTML of another code page": (b"<html><title>Gem\xe4lde</title>", NONE, "a web page, not a picture"),
    "XML": (b"<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>", NONE, "an XML file, not"),
    "JSON": (b'\xef\xbb\xbf{"error": "not found"}', NONE, "a JSON file, not"),
    "text": ("Bilder für später".encode(), NONE, "a text file, not a picture: leave it out"),
    "long text": (("x" * 1023 + "ü").encode() * 2, NONE, "a text file, not a picture: leave it out"),
    "zeros": (bytes(5000), NONE, "nothing but zeros: copy it again"),
    "zip": (archive(), NONE, "a zip archive"),
    "AppleDouble": (b"\0\5\x16\7\0\2\0\0Mac OS X", NONE, "a side file of macOS"),
    "nothing known": (bytes(range(1, 200)), NONE, "this is not a picture file: use one of JPEG, PNG"),
}


@pytest.mark.parametrize("decoder", [decode, decode_deep])
@pytest.mark.parametrize("name", FOREIGN)
def test_a_file_that_is_not_decoded_says_what_it_is(name, decoder):
    data, code, words = FOREIGN[name]
    with pytest.raises(ImageError, match=words) as refused:
        decoder(data)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("brands", "words"),
    [
        ((b"heic", b"mif1"), r"an HEIC photo.*export it as JPEG, or run pip install pillow-heif"),
        ((b"mif1", b"heic"), r"an HEIC photo"),
        ((b"avif", b"mif1"), "an AVIF picture.*cannot read"),
        ((b"mif1", b"avif"), "an AVIF picture"),
    ],
)
def test_phones_formats_are_named_where_their_decoders_are_missing(brands, words, monkeypatch):
    monkeypatch.setattr(files, "FORMATS", files.WRITTEN)
    with pytest.raises(ImageError, match=words) as refused:
        decode(boxes(*brands))
    assert refused.value.code == PICTURE


def test_a_picture_of_a_format_not_read_is_an_unsupported_media_type_over_http():
    assert STATUS[PICTURE] == 415 and NONE not in STATUS


@pytest.mark.parametrize("junk", [b"\r\n", b"\xef\xbb\xbf", b"\n" * 60])
@pytest.mark.parametrize("file_format", ["JPEG", "PNG"])
def test_a_picture_that_begins_late_is_told_so(junk, file_format):
    data = junk + file_of(Image.new("RGB", (64, 64)), file_format)
    with pytest.raises(
        ImageError, match=f"the file has {len(junk)} extra bytes before the {file_format} data"
    ):
        decode(data)


def test_a_link_to_nothing_names_what_is_missing(tmp_path):
    (tmp_path / "a.jpg").symlink_to("../disk/a.jpg")
    (tmp_path / "b.jpg").symlink_to("../.git/annex/objects/xx/b.jpg")
    with pytest.raises(
        ImageError,
        match=r"^a\.jpg: a link that leads to nothing \(\.\./disk/a\.jpg\): bring back what it names",
    ) as refused:
        decode(tmp_path / "a.jpg")
    assert refused.value.code == "unreadable"
    with pytest.raises(ImageError, match=r"b\.jpg.*git annex get"):
        decode(tmp_path / "b.jpg")
    with pytest.raises(ImageError, match="check its name"):
        decode(tmp_path / "c.jpg")


@pytest.mark.parametrize("target", ["../disk/a.jpg", "../.git/annex/objects/xx/a.jpg", "a.jpg", None])
def test_a_decoder_and_a_batch_give_the_same_reason(target, tmp_path):
    if target is not None:
        (tmp_path / "a.jpg").symlink_to(target)
    with pytest.raises(ImageError) as refused:
        decode(tmp_path / "a.jpg")
    assert str(refused.value) == f"a.jpg: {unreadable(tmp_path / 'a.jpg')}"


def test_what_begins_as_a_format_of_ours_is_damaged_and_nothing_else():
    for data in (
        b"\xff\xd8\xff",
        b"\x89PNG\r\n\x1a\n",
        b"RIFF\0\0\0\0WEBP",
        b"GIF89a",
        b"BM\0\0\0\0\0\0\0\0",
    ):
        with pytest.raises(
            ImageError, match=r"the file begins like an? [A-Z]+, but the rest is damaged"
        ) as refused:
            decode(data)
        assert refused.value.code == "damaged"
