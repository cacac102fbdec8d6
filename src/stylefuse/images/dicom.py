"""DICOM files of scanners (CT, MRI, PET), read by pydicom if it is installed (the extra `medical`)."""

import io
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from stylefuse.images.files import ImageError, Limits, check_pixels

if TYPE_CHECKING:
    from pydicom import Dataset

# DICOM PS3.10, 7.1: a preamble of 128 bytes, then this.
_PREAMBLE, _SIGNATURE = 128, b"DICM"
HEAD = _PREAMBLE + len(_SIGNATURE)  # bytes that show it
# Transfer syntaxes that are read: plain pixels, and runs (RLE). Others need decoders that are rarely used.
_PLAIN = ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.5")
# Deflate: pydicom would unpack the whole file before any limit could be checked.
_DEFLATED = b"1.2.840.10008.1.2.1.99"
_GREY, _COLOUR = ("MONOCHROME1", "MONOCHROME2"), ("RGB",)
_MOST = 65_535
_PLAIN_REMEDY = "export it uncompressed, or as 16-bit PNG"


def is_dicom(data: bytes) -> bool:
    """Whether a file begins as DICOM files do."""
    return data.startswith(_SIGNATURE, _PREAMBLE)


def read_dicom(data: bytes, limits: Limits) -> np.ndarray:
    """Read the one picture of a DICOM file, as a viewer shows it first.

    Grey values are rescaled (slope and intercept, or a table: CT in Hounsfield units), then the file's first window
    is mapped to all 65536 levels; without a window, the smallest to the largest value is. MONOCHROME1 is inverted.
    Names and other data of patients are not read into the result.

    Returns:
        H×W uint16; H×W×3 uint8 for RGB.

    Raises:
        ImageError: pydicom is missing, or the file is damaged, too large, a series, compressed, or of a rare kind.
    """
    try:
        from pydicom import dcmread
    except ImportError:
        remedy = "run pip install stylefuse[medical] where StyleFuse runs, or export it as 16-bit PNG"
        raise ImageError("unsupported_format", "the file is a DICOM picture", remedy) from None
    if _DEFLATED in data:
        raise _unfit("its data set is deflated", _PLAIN_REMEDY)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of values that do not conform, which scanners write
            file = dcmread(io.BytesIO(data))
            _check(file, limits)
            return _levels(file)
    except ImageError:
        raise
    except Exception as error:
        # pydicom raises many types of errors on damaged input: AttributeError, KeyError, ValueError, struct.error …
        raise ImageError(
            "damaged", f"the DICOM file is damaged or of a rare kind ({error})", "export it again"
        ) from error


def _check(file: "Dataset", limits: Limits) -> None:
    """Check what can be known before the pixels are decoded."""
    if "PixelData" not in file:
        raise ImageError("not_a_picture", "the DICOM file holds no pixels", "leave it out")
    check_pixels((int(file.Columns), int(file.Rows)), limits)
    if (frames := int(file.get("NumberOfFrames") or 1)) > 1:
        raise _unfit(f"it holds {frames} frames", "export the frame that you need as a file of its own")
    syntax = file.file_meta.TransferSyntaxUID
    if syntax not in _PLAIN:
        raise _unfit(f"its pixels are compressed ({syntax.name})", _PLAIN_REMEDY)
    kind = file.PhotometricInterpretation
    if kind not in (*_GREY, *_COLOUR):
        raise _unfit(f"its pixels are {kind}", "export it in grey or RGB")


def _levels(file: "Dataset") -> np.ndarray:
    from pydicom.pixels.processing import apply_modality_lut

    pixels = file.pixel_array
    if file.PhotometricInterpretation in _COLOUR:
        if pixels.dtype != np.uint8:
            raise _unfit("its colours have more than 8 bits", "export it as 16-bit PNG")
        return np.ascontiguousarray(pixels)
    values = apply_modality_lut(pixels, file).astype(np.float64)
    shown = _windowed(values, file)
    if file.PhotometricInterpretation == "MONOCHROME1":
        shown = 1 - shown
    return np.rint(shown * _MOST).astype(np.uint16)


def _windowed(values: np.ndarray, file: "Dataset") -> np.ndarray:
    """Values in [0, 1] by the first window (DICOM PS3.3, C.11.2.1.2 and C.11.2.1.3), else by their own range."""
    if "WindowCenter" not in file or "WindowWidth" not in file:
        least, most = values.min(), values.max()
        return (values - least) / max(most - least, 1e-9)
    centre, width = _first(file.WindowCenter), _first(file.WindowWidth)
    function = str(file.get("VOILUTFunction") or "LINEAR").upper()
    if width < 1 and (width <= 0 or function == "LINEAR"):
        raise ValueError(f"its window is {width:g} wide")
    if function == "SIGMOID":
        return 1 / (1 + np.exp((-4 * (values - centre) / width).clip(-60, 60)))
    if function == "LINEAR":  # from the first to the last of `width` levels
        centre, width = centre - 0.5, max(width - 1, 1e-9)
    return ((values - centre) / width + 0.5).clip(0, 1)


def _first(value: Any) -> float:
    return float(value[0] if hasattr(value, "__len__") and not isinstance(value, str) else value)


def _unfit(reason: str, remedy: str) -> ImageError:
    return ImageError("unsupported_format", f"the DICOM file cannot be used: {reason}", remedy)
