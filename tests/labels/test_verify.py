"""`stylefuse verify`: the verdict in each situation, in both languages, and no label where there is none."""

import io
import json
import re

import numpy as np
import pytest
from PIL import Image

from stylefuse.command_line import main
from stylefuse.images.encoding import encode
from stylefuse.images.packets import saving
from stylefuse.images.png import with_chunks
from stylefuse.labels.aigc import label_of
from stylefuse.labels.marks import COMPOSITE, Marks, packet
from stylefuse.labels.options import Labelling, LabellingError
from stylefuse.labels.signing import Parent, Signer, SigningError
from stylefuse.labels.verify import Code, verify
from stylefuse.messages import LANGUAGES, catalogue

LABEL = label_of("StyleFuse", "0123abc")
SMALL = Image.new("RGB", (40, 30), (200, 120, 40))


def labelled(aigc: str = LABEL, source_type: str = COMPOSITE, file_format: str = "png") -> bytes:
    return encode(SMALL, file_format, packet=packet(Marks(aigc, source_type)))[0]


def run(tmp_path, capsys, data: bytes, *flags: str) -> tuple[int, str]:
    path = tmp_path / "a.png"
    path.write_bytes(data)
    status = main(["verify", str(path), *flags])
    return status, capsys.readouterr().out


def twice(data: bytes) -> bytes:
    body = b"XML:com.adobe.xmp\0\0\0\0\0" + packet(Marks(LABEL.replace("StyleFuse", "Another")))
    return with_chunks(data, {b"iTXt": body})


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("data", "code", "key"),
    [
        (labelled(), 3, "unsigned"),
        (labelled(aigc=""), 3, "unsigned"),
        (labelled(LABEL.replace('"Label":"1"', '"Label":"2"'), ""), 3, "unsigned_may_be"),
        (labelled("{}"), 5, "malformed"),
        (labelled(LABEL.replace("StyleFuse", "a b")), 5, "malformed"),
        (labelled(LABEL.replace('"ReservedCode2":""', '"ReservedCode2":1')), 5, "malformed"),
        (labelled(LABEL.replace(',"ReservedCode2":""', "")), 5, "malformed"),
        (twice(labelled()), 5, "several"),
        (encode(SMALL)[0], 6, "nothing"),
        (encode(SMALL, packet=packet(Marks("", COMPOSITE[:-44] + "digitalCapture")))[0], 6, "nothing"),
    ],
)
def test_each_situation_has_its_code_and_sentence(tmp_path, capsys, data, code, key, language):
    status, told = run(tmp_path, capsys, data, "--language", language)
    sentence = catalogue("verify", language)[key].format(count=2)
    assert (status, told.splitlines()[0].partition(": ")[2]) == (code, sentence)


def test_json_has_the_facts(tmp_path, capsys):
    status, told = run(tmp_path, capsys, labelled(), "--json")
    found = json.loads(told)
    assert (status, found["code"], found["producer"], found["aigc"]) == (3, 3, "StyleFuse", LABEL)
    assert found["source_type"] == "compositeWithTrainedAlgorithmicMedia"


def test_a_file_that_is_no_picture_cannot_be_checked(tmp_path, capsys):
    assert run(tmp_path, capsys, b"text", "--json")[0] == 1
    assert main(["verify", str(tmp_path / "missing.png")]) == 1


def test_control_characters_of_a_label_are_not_printed(tmp_path, capsys):
    _, told = run(tmp_path, capsys, labelled(LABEL.replace("StyleFuse", "\\u001b[31m")))
    assert "\x1b" not in told


def test_a_thousand_unlabelled_pictures_give_no_label():
    """Small, in four formats, half of them with XMP of other properties."""
    random = np.random.default_rng(0)
    other = packet(Marks("", "", "AIGC DigitalSourceType"))
    for number in range(1000):
        buffer = io.BytesIO()
        image = Image.fromarray(random.integers(0, 256, (8, 8, 3), dtype=np.uint8))
        more = saving(other) if number % 2 else {}
        image.save(buffer, ("PNG", "JPEG", "WEBP", "TIFF")[number % 4], **more)
        assert verify(buffer.getvalue()).code == Code.NOTHING


def test_both_languages_have_the_same_texts():
    english, chinese = (catalogue("verify", language) for language in ("en", "zh"))
    assert english.keys() == chinese.keys()
    for key in english:
        assert set(re.findall(r"\{\w+\}", english[key])) == set(re.findall(r"\{\w+\}", chinese[key])), key


# Signatures


@pytest.fixture(scope="module")
def credentials(tmp_path_factory):
    """PEM files of a certificate with its chain, its key, and the authority's certificate."""
    pytest.importorskip("c2pa")
    from certificates import write_credentials

    return write_credentials(tmp_path_factory.mktemp("credentials"))


@pytest.fixture(scope="module")
def signer(credentials):
    chain, key, _ = credentials
    return Signer(Labelling(certificate=str(chain), key=str(key)))


@pytest.mark.parametrize("file_format", ["png", "jpeg", "webp"])
def test_a_signature_holds_until_a_byte_changes(signer, credentials, file_format, tmp_path, capsys):
    parent = Parent(encode(SMALL)[0], "image/png")
    plain = labelled(file_format=file_format)
    data = signer.sign(plain, file_format, COMPOSITE, [parent, parent])
    assert len(data) - len(plain) < 8_000  # no thumbnail
    assert verify(data).code == Code.INTACT and verify(data).facts["signature"] == "holds"
    assert verify(data, credentials[2]).facts["signature"] == "trusted"
    assert run(tmp_path, capsys, data)[0] == 0
    at = data.rindex(b"StyleFuse") if file_format == "webp" else data.index(b"0123abc")
    changed = data[:at] + b"X" + data[at + 1 :]
    assert run(tmp_path, capsys, changed)[0] == 4
    picture = Image.open(io.BytesIO(data))
    picture.load()
    assert verify(encode(picture.convert("RGB"), file_format)[0]).code == Code.NOTHING


def test_a_signed_action_is_a_label_too(signer):
    data = signer.sign(encode(SMALL)[0], "png", COMPOSITE, [])
    assert verify(data).code == Code.INTACT


def test_files_that_cannot_sign_are_refused_with_their_names(credentials, tmp_path):
    chain, key, authority = credentials
    for certificate, other in ((authority, key), (tmp_path / "none.pem", key), (chain, chain)):
        with pytest.raises(SigningError, match=r"\.pem"):
            Signer(Labelling(certificate=str(certificate), key=str(other)))


def test_without_the_extra_the_error_names_it(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "c2pa", None)
    with pytest.raises(SigningError, match=r"stylefuse\[c2pa\]"):
        Signer(Labelling(certificate="a.pem", key="b.pem"))
    signed = with_chunks(labelled(), {b"caBX": b"jumb"})
    with pytest.raises(SigningError, match=r"stylefuse\[c2pa\]"):
        verify(signed)


@pytest.mark.parametrize(
    "options",
    [
        {"mode": "always"},
        {"language": "fr"},
        {"producer": "two words"},
        {"producer": ""},
        {"certificate": "a.pem"},
        {"key": "a.pem"},
    ],
)
def test_wrong_options_are_refused(options):
    with pytest.raises(LabellingError, match=r"label|certificate"):
        Labelling(**options)
