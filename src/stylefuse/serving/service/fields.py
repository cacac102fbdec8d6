"""Limits of the fields of requests, and conversion of their texts to values."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from werkzeug.exceptions import RequestEntityTooLarge

from stylefuse.tasks.chains import parse_chain
from stylefuse.tasks.params import Kind
from stylefuse.tasks.validation import RequestError

MAX_PARTS = 20
# In bytes, of all texts; less than the parser takes in at once it cannot be.
MAX_TEXT = 200_000


def value_of(kind: Kind, text: str) -> Any:
    """A field's text as the value that JSON would have had; texts that are none stay, to be refused by name."""
    if kind is Kind.FLAG:
        return {"true": True, "false": False}.get(text, text)
    if kind in (Kind.NUMBER, Kind.INTEGER) and text.isascii() and "_" not in text:
        try:
            return float(text) if kind is Kind.NUMBER else int(text)
        except ValueError:
            return text
    return text


@contextmanager
def reading_form(files: str) -> Iterator[None]:
    """Turn what werkzeug raises at a form that it cannot read into a RequestError; `files`: what the form holds."""
    try:
        yield
    except RequestEntityTooLarge:
        message = f"it has more than {MAX_PARTS} parts, or texts of more than {MAX_TEXT / 1000:g} kB"
        raise RequestError("body", message, f"send {files}, each field once", "too_large") from None
    except ValueError:
        remedy = "send multipart/form-data as RFC 7578 has it, ended by its boundary"
        raise RequestError("body", "it is not a valid form, or was cut off", remedy, "not_a_form") from None


def takes_several(kind: str) -> bool:
    """Whether a request of this kind, a chain or "invocations", may hold several pictures."""
    tasks = parse_chain(kind)
    return not tasks or tasks[0].takes_several
