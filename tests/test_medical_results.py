"""From DICOM files to a result with 16 bits that says what it is not for."""

import io

import numpy as np
import pytest
import torch
from PIL import Image

from stylefuse.images.deep import decode_deep, encode_deep
from stylefuse.images.packets import packets_in
from stylefuse.labels import xmp
from stylefuse.labels.options import Labelling
from stylefuse.model import Model
from stylefuse.networks.generator import Generator, GeneratorConfig, load_generator, pack_generator
from stylefuse.serving.bundle import Bundle
from stylefuse.serving.labelled import encode_labelled
from stylefuse.tasks.fuse.config import FuserConfig
from stylefuse.tasks.fuse.network import Fuser, pack_fuser
from stylefuse.words.report import report_text

pydicom = pytest.importorskip("pydicom", reason="pydicom is not there: pip install stylefuse[medical]")


@pytest.fixture(scope="module")
def model() -> Model:
    torch.manual_seed(0)
    generator = pack_generator(
        Generator(2, GeneratorConfig((4, 8), 1)),
        ["photo", "ink"],
        image_size=64,
        images_seen=0,
        data_hash="d" * 64,
        fingerprint="f" * 16,
    )
    fuser = Fuser(load_generator(generator).encoder, FuserConfig((6, 8, 8), (4, 4, 4)))
    packed = pack_fuser(fuser, "f" * 16, fingerprint="a" * 16)
    return Model(Bundle({"generator": generator, "fuser": packed}, device="cpu"))


def scan(levels: np.ndarray) -> bytes:
    """A DICOM file of uint16 levels, shown from 0 to 4095."""
    file = pydicom.Dataset()
    file.file_meta = pydicom.dataset.FileMetaDataset()
    file.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    file.file_meta.MediaStorageSOPClassUID = pydicom.uid.MRImageStorage
    file.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
    file.PatientName = "Somebody"
    file.Rows, file.Columns = levels.shape
    file.SamplesPerPixel, file.PhotometricInterpretation = 1, "MONOCHROME2"
    file.BitsAllocated = file.BitsStored = 16
    file.HighBit, file.PixelRepresentation = 15, 0
    file.WindowCenter, file.WindowWidth = 2048, 4096
    file.PixelData = levels.tobytes()
    buffer = io.BytesIO()
    pydicom.dcmwrite(buffer, file, enforce_file_format=True)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def scans() -> list[bytes]:
    y, x = np.mgrid[0:64, 0:64].astype(np.uint16)
    return [scan(40 * x + 20 * y), scan(63 * (y // 2) + 11 * x)]


def test_scans_make_a_result_of_16_bits_not_for_diagnosis(model, scans):
    result = model.run("fuse", scans, mode="multimodal")
    assert result.picture.dtype == np.uint16 and len(np.unique(result.picture)) > 256
    assert result.report["not_for_diagnosis"] and result.report["label"] == "none"
    assert "not for diagnosis" in report_text(result.report, "en")
    assert "不得用于诊断" in report_text(result.report, "zh")
    for file_format in ("png", "jpeg", "webp"):
        data, remark = encode_labelled(result, file_format, Labelling(), scans, exif_of=scans[0])
        packet = packets_in(data)[0]
        assert xmp.values(xmp.parse(packet), xmp.INSTRUCTIONS) == ["Not for diagnosis."]
        assert b"Somebody" not in data and b"AIGC" not in packet and remark == ""
        if file_format == "png":
            assert np.array_equal(decode_deep(data), result.picture)
            assert Image.open(io.BytesIO(data)).mode == "I;16"


def test_other_pictures_are_not_marked(model):
    pictures = [encode_deep(np.full((32, 32), level, np.uint8)) for level in (90, 120)]
    result = model.run("fuse", pictures, mode="focus")
    assert "not_for_diagnosis" not in result.report
    assert packets_in(encode_labelled(result, "png", Labelling(), pictures)[0]) == []
