"""Read the bodies of `/v1/<chain>`: multipart forms with files, or JSON with base64."""

import io
from collections.abc import Sequence
from typing import Any, NamedTuple, cast

from werkzeug.datastructures import MIMEAccept
from werkzeug.formparser import FormDataParser
from werkzeug.http import parse_accept_header, parse_options_header

from stylefuse.images.encoding import MIME_TYPES
from stylefuse.serving.bodies import parse, twice
from stylefuse.serving.request import FORMAT, PNG, TASK
from stylefuse.serving.service.fields import MAX_PARTS, MAX_TEXT, reading_form, value_of
from stylefuse.tasks.chains import (
    chain_name,
    fields_of,
    parse_chain,
    picture_field,
    refuse_misplaced,
    with_appended,
)
from stylefuse.tasks.params import Kind
from stylefuse.tasks.task import Task
from stylefuse.tasks.validation import RequestError, refuse_unknown, shown

# Asks for maps that explain the result: all ("true"), or some by name.
EXPLAIN = "explain"


class Form(NamedTuple):
    """What a form holds.

    pictures: as `request.read_pictures` takes them; names: what messages call them; params: for `read_params`;
    also: optional pictures by name; maps: names of the maps that are asked for.
    """

    pictures: list[Any]
    names: list[str]
    params: dict[str, Any]
    also: dict[str, Any]
    maps: list[str]


def read_form(chain: str, content_type: str, body: bytes) -> Form:
    """Read a request's form.

    Args:
        chain: of the route; the form's parameters may append further tasks.
        content_type: the header of that name.

    Raises:
        RequestError: a field is unknown, given twice, missing, or of the wrong kind.
    """
    tasks = parse_chain(chain)
    picture = picture_field(tasks[0])
    mime, options = parse_options_header(content_type)
    if mime == "application/json":
        fields = parse(body, f'send {{"{picture}": …}} with pictures in base64')
    else:
        fields = _from_parts(tasks, mime, options, body)
    refuse_misplaced(tasks, fields)
    refuse_unknown(fields, (picture, *tasks[0].also, *fields_of(tasks), FORMAT, EXPLAIN), "field")
    if picture not in fields:
        raise RequestError(picture, "this field is missing", "send the picture in it", "missing_field")
    sent, explain = fields.pop(picture), fields.pop(EXPLAIN, False)
    pictures = _read_set(picture, sent, tasks[0]) if tasks[0].takes_several else [sent]
    also = {name: fields.pop(name) for name in tasks[0].also if name in fields}
    chained = with_appended(tasks, fields)
    params = {TASK: chain_name(chained), **fields}
    several = len(pictures) > 1
    names = [f"picture {number}" for number in range(1, len(pictures) + 1)] if several else ["the picture"]
    return Form(pictures, names, params, also, read_explain(explain, chained))


def read_explain(value: object, tasks: Sequence[Task]) -> list[str]:
    """Names of the maps that the field asks for.

    Args:
        value: true, false, or names with commas between them.
        tasks: of the chain; the maps of each explain its own result.

    Raises:
        RequestError: the chain makes no such map.
    """
    known = list(dict.fromkeys(name for task in tasks for name in task.maps))
    if isinstance(value, bool) or value in ("true", "false"):
        return known if value in (True, "true") else []
    names: list[Any] = [name.strip() for name in value.split(",")] if isinstance(value, str) else [value]
    wrong = [name for name in names if name not in known]
    if wrong:
        listed = f", or of {', '.join(known)}, with commas between them" if known else ""
        raise RequestError(
            EXPLAIN, f"{shown(wrong[0])} is not an allowed value", f"send true or false{listed}"
        )
    return list(dict.fromkeys(names))


def _read_set(field: str, pictures: Any, task: Task) -> list[Any]:
    if not isinstance(pictures, list):
        raise RequestError(field, "it is not a list", f'send {{"{field}": ["<base64>", "<base64>"]}}')
    least, most = task.pictures
    if not least <= len(pictures) <= most:
        count = "1 picture" if len(pictures) == 1 else f"{len(pictures)} pictures"
        raise RequestError(field, f"the request has {count}", f"send {least} to {most} of one scene", "count")
    return pictures


def accepted_format(accept: str) -> str:
    """The format that a header Accept asks for: PNG, but for one that takes JPEG or WebP and no PNG.

    Browsers that name WebP beside others take PNG as well, and get it as ever.
    """
    header = parse_accept_header(accept, MIMEAccept)
    if header.quality(MIME_TYPES[PNG]) > 0:
        return PNG
    wanted = header.best_match(MIME_TYPES.values())
    return next((name for name, kind in MIME_TYPES.items() if kind == wanted), PNG)


def _from_parts(tasks: Sequence[Task], mime: str, options: dict[str, str], body: bytes) -> dict[str, Any]:
    parser = FormDataParser(
        lambda *args, **more: io.BytesIO(),  # pictures never touch a disk
        max_form_memory_size=MAX_TEXT,
        max_form_parts=MAX_PARTS,
        silent=False,
    )
    with reading_form("pictures as files"):
        _, texts, files = parser.parse(io.BytesIO(body), mime, len(body), options)
    picture, known = picture_field(tasks[0]), fields_of(tasks)
    fields: dict[str, Any] = {}
    for name in texts:
        if name == picture or name in tasks[0].also:
            raise RequestError(name, "it is not a file", "send it as a file, with a file name", "not_a_file")
        if len(texts.getlist(name)) > 1 or name in files:
            raise twice(name)
        kind = known[name].kind if name in known else Kind.TEXT
        fields[name] = value_of(kind, texts[name])
    for name in files:
        sent = [cast(io.BytesIO, file.stream).getvalue() for file in files.getlist(name)]
        if name in known or name in (FORMAT, EXPLAIN):
            raise RequestError(name, "is a file", "send it as text, without a file name")
        if name in tasks[0].also or not tasks[0].takes_several:
            if len(sent) > 1 and (name == picture or name in tasks[0].also):
                raise twice(name)
            fields[name] = sent[0]
        else:
            fields[name] = sent
    return fields
