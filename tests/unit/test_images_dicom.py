"""DICOM files: rescale, window, depth, and what is refused."""

import io
import sys

import numpy as np
import pytest

from stylefuse.images.deep import decode_deep
from stylefuse.images.files import ImageError, Limits
from stylefuse.images.io import decode
from stylefuse.images.metadata import kept_exif

pydicom = pytest.importorskip("pydicom", reason="pydicom is not there: pip install stylefuse[medical]")


def dicom(pixels: np.ndarray, syntax: str = "1.2.840.10008.1.2.1", **values) -> bytes:
    """The bytes of a file with these pixels, int16, uint16 or uint8, and data elements."""
    from pydicom.dataset import FileDataset, FileMetaDataset

    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
    meta.MediaStorageSOPInstanceUID = "1.2.3"
    meta.TransferSyntaxUID = syntax
    file = FileDataset("made", {}, file_meta=meta, preamble=b"\0" * 128)
    file.PatientName = "Somebody"
    file.Rows, file.Columns = pixels.shape[:2]
    file.SamplesPerPixel = pixels.shape[2] if pixels.ndim == 3 else 1
    file.PhotometricInterpretation = "RGB" if pixels.ndim == 3 else "MONOCHROME2"
    if pixels.ndim == 3:
        file.PlanarConfiguration = 0
    file.BitsAllocated = file.BitsStored = 8 * pixels.itemsize
    file.HighBit = file.BitsStored - 1
    file.PixelRepresentation = int(pixels.dtype.kind == "i")
    file.PixelData = pixels.tobytes()
    for name, value in values.items():
        setattr(file, name, value)
    buffer = io.BytesIO()
    pydicom.dcmwrite(buffer, file, enforce_file_format=True)
    return buffer.getvalue()


def ramp() -> np.ndarray:
    return np.arange(1024, dtype=np.int16).reshape(32, 32)


def test_without_a_window_the_whole_range_is_shown_with_every_level():
    read = decode_deep(dicom(ramp()))
    assert (read.dtype, read.min(), read.max()) == (np.uint16, 0, 65_535)
    assert len(np.unique(read)) == 1024
    assert np.array_equal(np.argsort(read, axis=None, kind="stable"), np.arange(1024))


def test_the_window_holds_for_rescaled_values():
    """Stored 1000 is 0 HU; a window of 400 around 40 shows -160 to 239 HU (PS3.3, C.11.2.1.2)."""
    window = {
        "RescaleSlope": 2,
        "RescaleIntercept": -1000,
        "WindowCenter": [40, 500],
        "WindowWidth": [400, 9],
    }
    read = decode_deep(dicom(ramp(), **window)).ravel()
    units = 2 * np.arange(1024) - 1000
    assert (read[units <= -160] == 0).all() and (read[units >= 240] == 65_535).all()
    assert read[units == 40][0] == pytest.approx(65_535 * 0.5, abs=100)
    steps = np.diff(read[(units > -158) & (units < 238)].astype(int))
    assert steps == pytest.approx(65_535 * 2 / 399, abs=1)


def test_exact_and_soft_windows_and_inverted_grey():
    window = {"WindowCenter": 512, "WindowWidth": 256}
    exact = decode_deep(dicom(ramp(), VOILUTFunction="LINEAR_EXACT", **window)).ravel()
    soft = decode_deep(dicom(ramp(), VOILUTFunction="SIGMOID", **window)).ravel()
    assert exact[512] == soft[512] == 32_768
    assert exact[512 + 64] == pytest.approx(65_535 * 0.75, abs=1)
    assert soft[512 + 128] == pytest.approx(65_535 / (1 + np.exp(-2)), abs=1)
    inverted = decode_deep(dicom(ramp(), PhotometricInterpretation="MONOCHROME1"))
    assert np.array_equal(inverted, 65_535 - decode_deep(dicom(ramp())))


def test_colours_stay_and_a_flat_picture_is_black():
    colours = np.random.default_rng(0).integers(0, 256, (20, 24, 3), dtype=np.uint8)
    assert np.array_equal(decode_deep(dicom(colours)), colours)
    assert not decode_deep(dicom(np.full((20, 24), 7, np.uint16))).any()


@pytest.mark.parametrize(
    ("data", "code", "word"),
    [
        (lambda: dicom(ramp(), NumberOfFrames=2), "unsupported_format", "2 frames"),
        (lambda: dicom(ramp(), PhotometricInterpretation="PALETTE COLOR"), "unsupported_format", "PALETTE"),
        (
            lambda: dicom(ramp()).replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.4\0"),
            "unsupported",
            "",
        ),
        (lambda: dicom(ramp()) + b"1.2.840.10008.1.2.1.99", "unsupported_format", "deflated"),
        (lambda: dicom(ramp(), Rows=7000, Columns=7000), "too_many_pixels", "7000×7000"),
        (lambda: dicom(ramp(), WindowCenter=40, WindowWidth=0), "damaged", "window"),
        (lambda: dicom(ramp())[:900], "", ""),
        (lambda: dicom(ramp())[:150], "", ""),
        (lambda: b"\0" * 128 + b"DICM", "", ""),
    ],
)
def test_what_cannot_be_read_is_refused_in_words(data, code, word):
    with pytest.raises(ImageError) as error:
        decode_deep(data())
    assert error.value.code.startswith(code) and word in error.value.message and error.value.remedy


def test_without_pydicom_the_extra_is_named(monkeypatch):
    data = dicom(ramp())
    monkeypatch.setitem(sys.modules, "pydicom", None)
    with pytest.raises(ImageError, match=r"stylefuse\[medical\]"):
        decode_deep(data)


def test_other_tasks_refuse_it_and_nothing_of_the_patient_is_copied(tmp_path):
    path = tmp_path / "scan.dcm"
    path.write_bytes(dicom(ramp()))
    with pytest.raises(ImageError, match="fuse alone"):
        decode(path)
    assert kept_exif(path) == (b"", "")
    with pytest.raises(ImageError, match="MB"):
        decode_deep(path, Limits(max_bytes=1000))
