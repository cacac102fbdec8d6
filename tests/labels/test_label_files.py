"""Labels in files: written, read back, inherited, kept once."""

import io
import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import stylefuse
from stylefuse.images.encoding import FORMATS, encode
from stylefuse.images.packets import packets_in, saving
from stylefuse.labels import xmp
from stylefuse.labels.aigc import FIELDS, fault_of, label_of
from stylefuse.labels.marks import COMPOSITE, Marks, inherited, marks_in, packet, packets_of
from stylefuse.labels.options import Labelling
from stylefuse.networks.weights import write_weights
from stylefuse.serving.labelled import encode_labelled
from support import scene

pytest_plugins = ("served_models",)
ENDINGS = ("png", "jpg", "webp", "tif")
LABEL = label_of("StyleFuse", "0123abc")
MARKS = Marks(LABEL, COMPOSITE)
OTHER = LABEL.replace("StyleFuse", "Another")


@pytest.fixture
def picture():
    return Image.fromarray(scene(np.random.default_rng(0)))


@pytest.fixture(scope="module")
def model(weights, tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    write_weights(folder / "generator.safetensors", weights)
    return stylefuse.load(folder, "cpu")


def labelled(picture: Image.Image, marks: Marks, file_format: str = "png") -> bytes:
    return encode(picture, file_format, packet=packet(marks))[0]


def marks_of(source) -> Marks:
    return marks_in(packets_of(source))


def test_a_label_has_the_seven_texts_in_order():
    assert list(json.loads(LABEL)) == list(FIELDS) and fault_of(LABEL) == ""


@pytest.mark.parametrize("ending", ENDINGS)
def test_every_format_holds_one_block_after_three_exports(model, picture, tmp_path, ending):
    path = tmp_path / f"0.{ending}"
    model.stylize(picture).save(path)
    first = marks_of(path)
    assert fault_of(first.aigc) == "" and first.source_type == COMPOSITE
    for number in range(1, 4):
        following = tmp_path / f"{number}.{ending}"
        model.stylize(path, strength=0.5).save(following)
        path = following
        assert marks_of(path) == first  # byte by byte
        assert sum(len(xmp.values(xmp.parse(each), xmp.AIGC)) for each in packets_in(path.read_bytes())) == 1


@pytest.mark.parametrize("file_format", FORMATS)
def test_results_of_services_and_commands_hold_it_too(model, picture, file_format):
    result = model.prepare("stylize", {}, file_format)(picture)
    data, _ = encode_labelled(result, file_format, Labelling(), [picture])
    assert result.report["label"] == "metadata" and marks_of(data).aigc == result.marks.aigc


def test_pixels_do_not_depend_on_the_label(model, picture):
    plain = model.prepare("stylize", {}, "", Labelling("none"))(picture)
    assert plain.picture == model.run("stylize", picture).picture
    assert (plain.report["label"], bool(plain.marks)) == ("none", False)


def test_strength_0_is_the_photo_without_a_label(model, picture, tmp_path):
    result = model.stylize(picture, strength=0.0)
    result.save(tmp_path / "a.png")
    assert np.array_equal(result, picture) and packets_in((tmp_path / "a.png").read_bytes()) == []
    assert result.info["report"]["label"] == "none"


@pytest.mark.parametrize("mode", ["metadata", "none"])
@pytest.mark.parametrize("strength", [0.0, 1.0])
def test_a_label_of_an_input_is_carried_over(model, picture, mode, strength):
    data = labelled(picture, Marks(OTHER, COMPOSITE))
    result = model.prepare("stylize", {"strength": strength}, "png", Labelling(mode))(data)
    assert result.marks[:2] == (OTHER, COMPOSITE)


def test_pillows_pictures_bring_their_label(model, picture):
    opened = Image.open(io.BytesIO(labelled(picture, MARKS, "jpeg")))
    assert model.run("stylize", opened, strength=0.0).marks[:2] == MARKS[:2]


def test_a_picture_that_may_be_of_ai_certainly_is_after_repainting(model, picture):
    data = labelled(picture, Marks(LABEL.replace('"Label":"1"', '"Label":"3"')))
    assert json.loads(model.run("stylize", data).marks.aigc)["Label"] == "1"


def test_of_several_inputs_the_surest_label_is_inherited():
    weak = Marks(OTHER.replace('"Label":"1"', '"Label":"2"'), "")
    assert inherited([Marks(), weak, MARKS]) == MARKS
    whole = COMPOSITE.replace("compositeWithT", "t")
    assert inherited([Marks(), Marks("", whole)]).source_type == COMPOSITE
    assert inherited([Marks("", whole)]).source_type == whole
    assert inherited([Marks(), Marks()]) == Marks()


KEPT = b"""<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:tiff="http://ns.adobe.com/tiff/1.0/"
 xmlns:a="http://www.tc260.org.cn/ns/AIGC/1.0/" tiff:Orientation="6" a:AIGC='old'>
 <dc:rights>Ada</dc:rights></rdf:Description></rdf:RDF></x:xmpmeta>"""


@pytest.mark.parametrize("file_format", FORMATS)
def test_kept_metadata_are_updated_not_replaced(model, picture, file_format):
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", xmp=KEPT)
    result = model.run("stylize", picture)
    data, remark = encode_labelled(result, file_format, Labelling(), [picture], buffer.getvalue())
    (found,) = packets_in(data)
    assert b"Ada" in found and b"Orientation" not in found and remark == ""
    assert xmp.values(xmp.parse(found), xmp.AIGC) == [result.marks.aigc]


def test_damaged_xmp_costs_no_label(model, picture):
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", xmp=b"<broken")
    result = model.run("stylize", picture)
    data, remark = encode_labelled(result, "png", Labelling(), [picture], buffer.getvalue())
    assert "XMP was not kept" in remark and marks_of(data).aigc == result.marks.aigc


BOMB = b'<!DOCTYPE a [<!ENTITY b "AIGC">]><a>&b;</a>'


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (BOMB, "entities"),
        (b"<a>" * 100 + b"</a>" * 100, "deep"),
        (b"<a>" + b"<b/>" * 30_000 + b"</a>", "many"),
        (b"<a>" + b" " * 1_000_000, "MB"),
        (b"<a>\xff</a>", "UTF-8"),
        (b"<a:b/>", "well-formed"),
        (b"", "well-formed"),
    ],
)
def test_hostile_packets_are_refused(found, reason):
    with pytest.raises(xmp.XmpError, match=reason):
        xmp.parse(found)
    assert marks_in([found + b"AIGC"]) == Marks()


def test_a_packet_of_many_bytes_in_a_compressed_chunk_is_cut():
    import zlib

    from stylefuse.images.png import with_chunks

    data = encode(Image.new("RGB", (8, 8)))[0]
    body = b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(bytes(50_000_000))
    assert len(packets_in(with_chunks(data, {b"iTXt": body}))[0]) <= 1_000_001


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool is not installed")
def test_exiftool_finds_the_label(tmp_path, picture):
    paths = [tmp_path / f"a.{ending}" for ending in ENDINGS]
    for path in paths:
        picture.save(path, **saving(packet(MARKS)))
    done = subprocess.run(
        ["exiftool", "-j", "-G1", "-XMP:all", *map(str, paths)], capture_output=True, text=True, check=True
    )
    for found in json.loads(done.stdout):
        assert found["XMP-TC260:Aigc"] == LABEL, Path(found["SourceFile"]).name
        assert found["XMP-iptcExt:DigitalSourceType"] == COMPOSITE
