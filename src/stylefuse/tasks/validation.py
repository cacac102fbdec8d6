"""The error for a request that cannot be served: field, message and remedy; and checks that raise it."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from stylefuse.images.names import printable


class RequestError(ValueError):
    """A request that cannot be served, and what the sender can do about it.

    Attributes:
        field: the part of the request at fault.
        message: what is wrong with it.
        remedy: what to send instead.
        code: one word for programs, which stays the same where the message may change.
        pictures: numbers of the pictures of a set that are at fault, from 1, if the message has such numbers.
    """

    def __init__(
        self,
        field: str,
        message: str,
        remedy: str,
        code: str = "invalid_value",
        pictures: Sequence[int] = (),
    ):
        super().__init__(f"{field}: {message}; {remedy}")
        self.field, self.message, self.remedy, self.code = field, message, remedy, code
        self.pictures = tuple(pictures)

    def named(self, names: Sequence[str]) -> "RequestError":
        """The same error, whose message says which files the pictures at fault are; `names` are those of the set."""
        if not self.pictures:
            return self
        files = ", ".join(f"picture {number} is {printable(names[number - 1])}" for number in self.pictures)
        return RequestError(self.field, f"{self.message} ({files})", self.remedy, self.code)


def refuse_unknown(names: Collection[Any], known: Sequence[str], what: str) -> None:
    """Raise RequestError when `names` holds any that is not `known`; `what` says what they name."""
    unknown = [shown(name) for name in names if name not in known]
    if unknown:
        listed = ", ".join(unknown[:5]) + (f" and {len(unknown) - 5} more" if len(unknown) > 5 else "")
        remedy = f"known are {', '.join(known)}: correct the name or leave it out"
        raise RequestError(unknown[0].strip("'"), f"unknown {what} {listed}", remedy, "unknown_field")


def read_name(params: Mapping[str, Any], name: str, known: Sequence[str], default: str) -> str:
    """Read a parameter that is one of a few names.

    Raises:
        RequestError: it is something else.
    """
    value = params.get(name, default)
    if not isinstance(value, str) or value not in known:
        remedy = f"send one of {', '.join(known)}"
        raise RequestError(name, f"{shown(value)} is not an allowed value", remedy)
    return value


def shown(value: Any) -> str:
    """The value as quoted in a message: short, so that no picture comes back in an error."""
    if isinstance(value, str):
        # `repr` would escape characters that people type, such as the wide space of Japanese. The text may have
        # megabytes: only its beginning is looked at.
        quote = '"' if "'" in value else "'"
        text = f"{quote}{printable(value[:40])}{quote}"
    elif isinstance(value, int) and abs(value) >= 10**20:
        text = "a huge number"
    else:
        text = repr(value)
    return text if len(text) <= 40 else f"{text[:36]} …"
