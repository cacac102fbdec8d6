"""Requests that the benchmark sends."""

import base64
import io
import json
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image

_FORM = "multipart/form-data; boundary=form"


class Request(NamedTuple):
    path: str
    body: bytes
    content_type: str
    method: str = "POST"


def photo(width: int, height: int, seed: int = 0) -> bytes:
    """Return a JPEG file of smooth areas with grain, about as large as a photo's."""
    random = np.random.default_rng(seed)
    areas = Image.fromarray(random.integers(30, 225, (9, 12, 3), np.uint8))
    pixels = np.asarray(areas.resize((width, height), Image.Resampling.BICUBIC)).astype(np.int16)
    grain = random.integers(-6, 7, (height, width, 1), np.int16)
    buffer = io.BytesIO()
    Image.fromarray((pixels + grain).clip(0, 255).astype(np.uint8)).save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def form(path: str, field: str, files: Sequence[bytes]) -> Request:
    """Return a multipart request for `stylefuse serve`."""
    head = f'--form\r\nContent-Disposition: form-data; name="{field}"; filename="p.jpg"\r\n\r\n'.encode()
    return Request(path, b"".join(head + file + b"\r\n" for file in files) + b"--form--\r\n", _FORM)


def stylize(file: bytes) -> Request:
    """Return a request that restyles a file."""
    return form("/v1/stylize", "image", [file])


def invocation(file: bytes) -> Request:
    """Return the same for /invocations, which `mlflow models serve` answers."""
    rows = [{"image": base64.b64encode(file).decode()}]
    return Request("/invocations", json.dumps({"dataframe_records": rows}).encode(), "application/json")


def bad() -> Request:
    """Return a request whose file is no picture."""
    return stylize(b"<html></html>")
