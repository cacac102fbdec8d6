"""Read the form of a clip: the clip goes to disk as it comes, the other fields are text."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from starlette.requests import Request
from werkzeug.http import parse_options_header
from werkzeug.sansio.multipart import Data, Epilogue, Event, Field, File, MultipartDecoder, NeedData

from stylefuse.images.names import printable
from stylefuse.serving.bodies import twice
from stylefuse.serving.service import limits
from stylefuse.serving.service.clips.params import ClipParams
from stylefuse.serving.service.errors import Refused
from stylefuse.serving.service.fields import MAX_PARTS, MAX_TEXT, reading_form, value_of
from stylefuse.tasks.chains import chain_name, fields_of, read_chain, with_appended
from stylefuse.tasks.params import specs
from stylefuse.tasks.task import Task, default_task, find_tasks
from stylefuse.tasks.validation import RequestError, refuse_unknown, shown

CLIP, TASK = "clip", "task"
# A sender that is slower for long is given up: it would keep a place from others.
LEAST_BYTES_A_SECOND = 50_000
_PIECE = 65_536


class Sent(NamedTuple):
    """What a form holds: the name of the clip's file, and the other fields."""

    name: str
    fields: dict[str, str]


async def receive(
    request: Request, file: Path, most: int, seconds: float, grow: Callable[[int], Awaitable[None]]
) -> Sent:
    """Read a request's form, and write its clip into a file.

    Args:
        request: unread.
        most: bytes that the clip may have.
        seconds: that the request may take beside those that its bytes take at LEAST_BYTES_A_SECOND.
        grow: called with a number of bytes before so many are written.

    Raises:
        RequestError: it is no form, or a field is missing, twice, or of the wrong kind.
        Refused: it is too large or too slow, its sender left, or `grow` refuses.
    """
    _, options = parse_options_header(request.headers["content-type"])
    decoder = MultipartDecoder(options.get("boundary", "").encode(), MAX_TEXT, max_parts=MAX_PARTS)
    form = _Form(file, most, grow)
    loop = asyncio.get_running_loop()
    started, received, more = loop.time(), 0, True
    try:
        while more:
            try:
                async with asyncio.timeout_at(started + seconds + received / LEAST_BYTES_A_SECOND):
                    message = await request.receive()
            except TimeoutError:
                slow, close = "the clip did not arrive in time: send it faster", {"Connection": "close"}
                raise Refused(408, "slow_body", slow, CLIP, close) from None
            if message["type"] != "http.request":
                raise limits.client_left()
            received += len(part := message.get("body", b""))
            more = message.get("more_body", False)
            for event in _events(decoder, part, not more):
                await form.take(event)
    finally:
        await form.close()
    return form.sent()


def _events(decoder: MultipartDecoder, part: bytes, is_last: bool) -> Iterator[Event]:
    # In pieces: the decoder refuses more at once than a text may have.
    pieces: list[bytes | None] = [part[at : at + _PIECE] for at in range(0, len(part), _PIECE)]
    with reading_form("the clip as a file"):
        for piece in [*pieces, None] if is_last else pieces:
            decoder.receive_data(piece)
            while not isinstance(event := decoder.next_event(), NeedData | Epilogue):
                yield event


class _Form:
    """The parts of a form as they come."""

    def __init__(self, file: Path, most: int, grow: Callable[[int], Awaitable[None]]):
        self._path, self._most, self._grow = file, most, grow
        self._file: Any = None
        self._part: Field | File | None = None
        self._name, self._size, self._text = "", 0, 0
        self._fields: dict[str, bytes] = {}

    async def take(self, event: Event) -> None:
        if isinstance(event, Field | File):
            await self._begin(event)
        elif isinstance(event, Data) and isinstance(self._part, File):
            self._size += len(event.data)
            if self._size > self._most:
                raise too_large(self._most)
            await self._grow(len(event.data))
            try:
                await asyncio.to_thread(self._file.write, event.data)
            except OSError as error:
                text = f"the clip cannot be stored ({error.strerror}): try again later"
                raise Refused(507, "disk_full", text, CLIP) from None
        elif isinstance(event, Data) and self._part is not None:
            self._text += len(event.data)
            if self._text > MAX_TEXT:
                raise RequestError("body", "it has too much text", "send the clip as a file", "too_large")
            self._fields[self._part.name] += event.data

    async def _begin(self, part: Field | File) -> None:
        if not part.name:
            raise RequestError("body", "a part has no name", "name each field", "not_a_form")
        if part.name in self._fields or (part.name == CLIP and self._file is not None):
            raise twice(part.name)
        if isinstance(part, File) != (part.name == CLIP):
            if isinstance(part, File):
                raise RequestError(part.name, "is a file", "send it as text, without a file name")
            raise RequestError(CLIP, "it is not a file", "send it as a file, with a file name", "not_a_file")
        self._part = part
        if isinstance(part, File):
            self._name = part.filename
            self._file = await asyncio.to_thread(self._path.open, "xb")
        else:
            self._fields[part.name] = b""

    async def close(self) -> None:
        if self._file is not None:
            await asyncio.to_thread(self._file.close)

    def sent(self) -> Sent:
        if self._file is None:
            raise RequestError(CLIP, "this field is missing", "send the clip in it", "missing_field")
        if not self._size:
            raise RequestError(CLIP, "the file is empty", "send a clip", "empty")
        texts = {name: value.decode("utf-8", "replace") for name, value in self._fields.items()}
        return Sent(printable(Path(self._name).name[:100]), texts)


def too_large(most: int) -> Refused:
    """What to raise for a clip of more bytes than it may have."""
    text = f"{CLIP}: it has more than {most / 1e6:.4g} MB: send a shorter clip, or one of fewer pixels"
    return Refused(413, "too_large", text, CLIP)


def read_request(fields: Mapping[str, str]) -> dict[str, Any]:
    """What a form asks for: `task`, a chain; its `params`, which are not checked yet; and `options`, see `ClipParams`.

    Raises:
        RequestError: there is no such chain, it takes no clips, or it has no such parameter.
    """
    name = fields.get(TASK, default_task().name)
    tasks = read_chain(name, TASK)
    if not tasks[0].takes_clips:
        remedy = f"send one of {', '.join(task.name for task in _for_frames())}, or several of them with +"
        raise RequestError(TASK, f"{shown(name)} cannot be done to the frames of a clip", remedy)
    known, of_clips = fields_of(tasks), specs(ClipParams)
    refuse_unknown(fields, (CLIP, TASK, *known, *of_clips), "field")
    values = {
        key: value_of((known | of_clips)[key].kind, text)
        for key, text in fields.items()
        if key in known or key in of_clips
    }
    params = {key: value for key, value in values.items() if key in known}
    options = ClipParams.read({key: value for key, value in values.items() if key in of_clips})
    return {
        TASK: chain_name(with_appended(tasks, params)),
        "params": params,
        "options": options.model_dump(),
    }


def _for_frames() -> list[Task]:
    return [task for task in find_tasks().values() if task.takes_clips]
