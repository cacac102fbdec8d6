"""Requests that are wrong, or odd, in their protocol: group D, as far as one request alone shows it.

The rest of the group needs a connection of its own: tests/serving/test_service_connections.py.
"""

import base64
import json
from typing import NamedTuple

from serving_examples import bytes_of, encoded, landscape, picture

FORM_BOUNDARY = "limit-of-the-form"
FORM_TYPE = f"multipart/form-data; boundary={FORM_BOUNDARY}"
JSON = {"Content-Type": "application/json"}
MB = 1_000_000


class Case(NamedTuple):
    """A request, and the status, code and field of its answer; `words` are in its message."""

    name: str
    path: str
    headers: dict[str, str]
    body: bytes
    status: int = 400
    code: str = ""
    field: str = ""
    words: str = ""
    method: str = "POST"


def form(*parts: tuple) -> bytes:
    """A multipart form; a part is (name, text) or (name, bytes, file name)."""
    lines = []
    for name, value, *file in parts:
        more = f'; filename="{file[0]}"'.encode() if file else b""
        head = b'--%b\r\nContent-Disposition: form-data; name="%b"%b\r\n\r\n'
        data = value if isinstance(value, bytes) else value.encode()
        lines.append(head % (FORM_BOUNDARY.encode(), name.encode(), more) + data + b"\r\n")
    return b"".join(lines) + f"--{FORM_BOUNDARY}--\r\n".encode()


def cases() -> list[Case]:
    photo, pair = bytes_of(picture()), [bytes_of(landscape()), bytes_of(landscape(seed=1))]
    file = ("image", photo, "photo.png")

    def stylize(name, *parts, body=None, **expected):
        sent = form(*parts) if body is None else body
        return Case(name, "/v1/stylize", {"Content-Type": FORM_TYPE}, sent, **expected)

    def sent_json(name, fields, path="/v1/stylize", **expected):
        body = fields if isinstance(fields, bytes) else json.dumps(fields).encode()
        return Case(name, path, JSON, body, **expected)

    def fuse(name, pictures, *parts, **expected):
        files = [("images", data, f"{n}.png") for n, data in enumerate(pictures)]
        return Case(name, "/v1/fuse", {"Content-Type": FORM_TYPE}, form(*files, *parts), **expected)

    def plain(name, headers, body=photo, method="POST", path="/v1/stylize", **expected):
        return Case(name, path, headers, body, method=method, **expected)

    good = {"image": encoded(picture())}
    value, range_of = (
        {"code": "invalid_value"},
        {"code": "invalid_value", "field": "strength", "words": "from 0"},
    )
    type_of = {
        "status": 415,
        "code": "unsupported_type",
        "field": "Content-Type",
        "words": "multipart/form-data",
    }
    garbage = b"\x00" * (19 * MB + 900_000)
    one_name_twice = b'{"image": "aa", "strength": 1, "strength": 0}'
    many = {f"field {n}": n for n in range(1000)}
    return [
        stylize("1 no picture", ("style", "ink"), code="missing_field", field="image", words="picture"),
        stylize("2 a field twice", file, ("style", "ink"), ("style", "monet"), code="duplicate_field", field="style"),
        stylize("2 two pictures to restyle", file, file, code="duplicate_field", field="image"),
        sent_json("2 a JSON name twice", one_name_twice, code="duplicate_field", field="strength"),
        stylize("3 unknown style", file, ("style", "manet"), code="unknown_style", field="style", words="ink, monet"),
        stylize("4 unknown parameter", file, ("stlye", "ink"), code="unknown_field", field="stlye", words="strength"),
        stylize("5 strength below", file, ("strength", "-1"), **range_of),
        stylize("6 strength above", file, ("strength", "2"), **range_of),
        stylize("7 strength NaN", file, ("strength", "NaN"), **range_of),
        stylize("8 strength infinite", file, ("strength", "inf"), **range_of),
        stylize("9 strength a word", file, ("strength", "abc"), **range_of),
        stylize("10 strength huge", file, ("strength", "1e308"), **range_of),
        sent_json("7 strength NaN in JSON", {**good, "strength": float("nan")}, **range_of),
        sent_json("9 strength as text in JSON", {**good, "strength": "1"}, **range_of),
        fuse("11 one picture to fuse", pair[:1], code="count", field="images", words="2 to 8"),
        fuse("12 nine pictures to fuse", pair[:1] * 9, code="count", field="images", words="2 to 8"),
        fuse("13 two sizes", [pair[0], bytes_of(landscape(80, 60))], code="sizes", field="images", words="align"),
        sent_json(
            "14 unknown task", {"inputs": [encoded(picture())], "params": {"task": "merge"}}, "/invocations",
            field="task", words="fuse", **value,
        ),
        plain("14 unknown path", JSON, b"{}", path="/v1/merge", status=404, code="no_such_path"),
        plain("15 no type", {}, **type_of),
        plain("16 the picture itself", {"Content-Type": "image/png"}, **type_of),
        plain("16 no type at all", {"Content-Type": ";;=,"}, **type_of),
        plain("16 a form without boundary", {"Content-Type": "multipart/form-data"}, code="not_a_form", field="body"),
        plain("17 charset", {"Content-Type": "application/json; charset=latin-1"}, b"{}", **type_of),
        sent_json("18 no base64", {"image": "no*base64"}, code="not_base64", field="image", words="alphabet"),
        sent_json(
            "19 data URI", {"image": "data:image/png;base64,AAAA"}, code="not_base64", field="image", words="comma"
        ),
        sent_json("20 no body", b"", code="not_json", field="body", words="base64"),
        stylize("20 no form in the body", body=b"", code="not_a_form", field="body"),
        stylize("20 an empty file", ("image", b"", "photo.png"), code="empty", field="image"),
        stylize("21 19.9 MB, but no picture", ("image", garbage, "x"), code="not_a_picture", field="image"),
        stylize(
            "22 20.1 MB", ("image", garbage + b"\x00" * 200_000, "x"),
            status=413, code="too_large", field="body", words="scale",
        ),
        stylize(
            "22 a byte more than 20 MB", ("image", b"\x00" * (20 * MB + 1), "x"),
            status=413, code="too_large", field="image", words="20 MB",
        ),
        sent_json(
            "22 20.1 MB in base64", b'{"image": "' + b"A" * (20_100_000 * 4 // 3) + b'"}',
            status=413, code="too_large", field="body",
        ),
        plain("28 HEAD", {}, b"", "HEAD", status=405),
        plain("28 GET", {}, b"", "GET", status=405, code="no_such_method"),
        plain("29 PUT", JSON, b"{}", "PUT", status=405, code="no_such_method"),
        stylize(
            "30 a path as style", file, ("style", "../../../etc/passwd"), code="unknown_style", field="style"
        ),
        stylize("30 a path as file name", ("image", photo, "../../../etc/passwd"), status=200),
        plain("30 a path in the path", {}, b"", "GET", "/v1/../../etc/passwd", status=404, code="no_such_path"),
        plain("30 a path encoded", {}, b"", "GET", "/v1/%2e%2e/%2e%2e/etc/passwd", status=404, code="no_such_path"),
        sent_json("31 deep JSON", b'{"image": ' + b"[" * 10_000 + b"]" * 10_000 + b"}", field="body", code="not_json"),
        sent_json("32 a thousand keys", {**good, **many}, field="field 0", code="unknown_field", words="995 more"),
        stylize(
            "32 a thousand parts", file, *[(f"part {n}", "") for n in range(1000)],
            status=413, code="too_large", field="body",
        ),
        stylize("33 a style in Chinese", file, ("style", "水墨"), code="unknown_style", field="style", words="水墨"),
        stylize("33 a field in Chinese", file, ("風格", "ink"), code="unknown_field", field="風格"),
        stylize("33 a file name in Chinese", ("image", photo, "照片.png"), status=200),
        plain(
            "34 gzip that is none", {**JSON, "Content-Encoding": "gzip"}, json.dumps(good).encode(),
            status=415, code="unsupported_type", field="Content-Encoding", words="compressed",
        ),
        stylize("a mixture", file, ("style", "monet:0.7,ink:0.3"), status=200),
        stylize(
            "a mixture with an unknown style", file, ("style", "ink:1,manet:1"),
            code="unknown_style", field="style", words="ink, monet",
        ),
        stylize("a mixture of weight 0", file, ("style", "ink:0"), field="style", words="positive", **value),
        stylize(
            "colours of no such name", file, ("preserve_color", "all"),
            field="preserve_color", words="luma", **value,
        ),
        stylize("contrast above", file, ("contrast", "2.5"), field="contrast", words="0.5 to 2", **value),
        stylize("contrast NaN", file, ("contrast", "nan"), field="contrast", words="0.5 to 2", **value),
        stylize("contrast a word", file, ("contrast", "much"), field="contrast", words="0.5 to 2", **value),
        sent_json("contrast true in JSON", {**good, "contrast": True}, field="contrast", words="0.5 to 2", **value),
        stylize("sharpen below", file, ("sharpen", "-1"), field="sharpen", words="0 to 2", **value),
        stylize("sharpen infinite", file, ("sharpen", "inf"), field="sharpen", words="0 to 2", **value),
        sent_json("sharpen as text in JSON", {**good, "sharpen": "1"}, field="sharpen", words="0 to 2", **value),
        stylize("a format that is none", file, ("format", "tiff"), field="format", words="png, jpeg, webp", **value),
        stylize("a format twice", file, ("format", "png"), ("format", "webp"), code="duplicate_field", field="format"),
        fuse("a format of a fusion alone", pair, ("format", "jpeg"), status=200),
        fuse("contrast of a fusion alone", pair, ("contrast", "1.2"), field="contrast", words="style", **value),
        fuse("sharpen of a fusion alone", pair, ("sharpen", "1"), field="sharpen", words="style", **value),
        fuse(
            "colours of a fusion alone", pair, ("preserve_color", "luma"),
            field="preserve_color", words="style", **value,
        ),
        fuse("contrast of a fusion restyled", pair, ("contrast", "1.2"), ("style", "ink"), status=200),
        fuse("mode of no such name", pair, ("mode", "average"), field="mode", words="auto, focus", **value),
        fuse("align neither true nor false", pair, ("align", "yes"), field="align", words="true or false", **value),
        stylize("a picture as text", ("image", base64.b64encode(photo).decode()), code="not_a_file", field="image"),
        stylize("a parameter as file", file, ("style", b"ink", "style.txt"), field="style", words="text", **value),
        stylize("a form cut off", body=form(file)[:200], code="not_a_form", field="body"),
        sent_json("one picture where a list belongs", {"images": "AAAA"}, "/v1/fuse", field="images", **value),
        sent_json("a list where a picture belongs", {"image": ["AAAA"]}, code="not_base64", field="image"),
        sent_json("JSON that is a list", [1], code="not_json", field="body"),
        sent_json("JSON cut off", b'{"image": "AA', code="not_json", field="body"),
        sent_json("no UTF-8", b'{"image": "\xff\xfe"}', code="not_json", field="body"),
    ]  # fmt: skip
