"""What `/v1/stylize` and `/v1/fuse` are sent: multipart forms with files, or JSON with base64."""

import io
from typing import Any, NamedTuple

from werkzeug.datastructures import MIMEAccept
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import FormDataParser
from werkzeug.http import parse_accept_header, parse_options_header

from stylefuse.images.encoding import MIME_TYPES
from stylefuse.serving.bodies import parse, twice
from stylefuse.serving.request import (
    ALIGN,
    FORMAT,
    FUSE,
    FUSE_STYLIZE,
    IMAGE,
    MAX_ROWS,
    MODE,
    PNG,
    STYLIZE,
    TASK,
)
from stylefuse.tasks.stylize.params import CONTRAST, FINISH, LOOK, SHARPEN, STRENGTH, STYLE
from stylefuse.tasks.validation import RequestError, refuse_unknown

# The field with the pictures, and the others.
PICTURES = {STYLIZE: IMAGE, FUSE: "images"}
OTHERS = {STYLIZE: (*LOOK, FORMAT), FUSE: (MODE, ALIGN, *LOOK, FORMAT)}
NUMBERS = (STRENGTH, CONTRAST, SHARPEN)
MAX_PARTS = 20
# In bytes, of all texts; less than the parser takes in at once it cannot be.
MAX_TEXT = 200_000


class Form(NamedTuple):
    """pictures: as `request.read_image` takes them; names: what messages call them; params: for `read_params`."""

    pictures: list[Any]
    names: list[str]
    params: dict[str, Any]


def read_form(task: str, content_type: str, body: bytes) -> Form:
    """Read a request's form.

    Args:
        task: "stylize" or "fuse". A set that is to be fused with a style or a strength is to be restyled, too.
        content_type: the header of that name.

    Raises:
        RequestError: a field is unknown, given twice, missing, or of the wrong kind.
    """
    mime, options = parse_options_header(content_type)
    if mime == "application/json":
        fields = parse(body, f'send {{"{PICTURES[task]}": …}} with pictures in base64')
    else:
        fields = _from_parts(task, mime, options, body)
    picture = PICTURES[task]
    refuse_unknown(fields, (picture, *OTHERS[task]), "field")
    if picture not in fields:
        raise RequestError(picture, "this field is missing", "send the picture in it", "missing_field")
    pictures = fields.pop(picture)
    if task == STYLIZE:
        return Form([pictures], ["the picture"], {TASK: STYLIZE, **fields})
    if not isinstance(pictures, list):
        raise RequestError(picture, "it is not a list", f'send {{"{picture}": ["<base64>", "<base64>"]}}')
    if not 2 <= len(pictures) <= MAX_ROWS:
        count = "1 picture" if len(pictures) == 1 else f"{len(pictures)} pictures"
        remedy = f"send 2 to {MAX_ROWS} of one scene"
        raise RequestError(picture, f"the request has {count}", remedy, "count")
    restyled = STYLE in fields or STRENGTH in fields
    for name in FINISH:
        if name in fields and not restyled:
            remedy = f"send {STYLE} or {STRENGTH} as well, or leave it out"
            raise RequestError(name, "it only has an effect on pictures that are restyled", remedy)
    names = [f"picture {number}" for number in range(1, len(pictures) + 1)]
    return Form(pictures, names, {TASK: FUSE_STYLIZE if restyled else FUSE, **fields})


def accepted_format(accept: str) -> str:
    """The format that a header Accept asks for: PNG, but for one that takes JPEG or WebP and no PNG.

    Browsers that name WebP beside others take PNG as well, and get it as ever.
    """
    header = parse_accept_header(accept, MIMEAccept)
    if header.quality(MIME_TYPES[PNG]) > 0:
        return PNG
    wanted = header.best_match(MIME_TYPES.values())
    return next((name for name, kind in MIME_TYPES.items() if kind == wanted), PNG)


def _from_parts(task: str, mime: str, options: dict[str, str], body: bytes) -> dict[str, Any]:
    parser = FormDataParser(
        lambda *args, **more: io.BytesIO(),  # pictures never touch a disk
        max_form_memory_size=MAX_TEXT,
        max_form_parts=MAX_PARTS,
        silent=False,
    )
    try:
        _, texts, files = parser.parse(io.BytesIO(body), mime, len(body), options)
    except RequestEntityTooLarge:
        message = f"it has more than {MAX_PARTS} parts, or texts of more than {MAX_TEXT / 1000:g} kB"
        raise RequestError("body", message, "send pictures as files, each field once", "too_large") from None
    except ValueError:
        remedy = "send multipart/form-data as RFC 7578 has it, ended by its boundary"
        raise RequestError("body", "it is not a valid form, or was cut off", remedy, "not_a_form") from None
    picture, fields = PICTURES[task], {}
    for name in texts:
        if name == picture:
            raise RequestError(name, "it is not a file", "send it as a file, with a file name", "not_a_file")
        if len(texts.getlist(name)) > 1 or name in files:
            raise twice(name)
        fields[name] = _value(name, texts[name])
    for name in files:
        sent = [file.stream.getvalue() for file in files.getlist(name)]
        if name in OTHERS[task]:
            raise RequestError(name, "is a file", "send it as text, without a file name")
        if name == picture and task == STYLIZE and len(sent) > 1:
            raise twice(name)
        fields[name] = sent[0] if task == STYLIZE else sent
    return fields


def _value(name: str, text: str) -> Any:
    """A field's text as the value that JSON would have had; texts that are none stay, to be refused by name."""
    if name == ALIGN:
        return {"true": True, "false": False}.get(text, text)
    if name in NUMBERS and text.isascii() and "_" not in text:
        try:
            return float(text)
        except ValueError:
            return text
    return text
