"""Fields of requests: how many and how long texts may be, which values they stand for, how many pictures there are."""

from typing import Any

from stylefuse.tasks.chains import parse_chain
from stylefuse.tasks.params import Kind

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


def takes_several(kind: str) -> bool:
    """Whether a request of this kind, a chain or "invocations", may hold several pictures."""
    tasks = parse_chain(kind)
    return not tasks or tasks[0].takes_several
