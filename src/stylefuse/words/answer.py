"""Answers to requests in words, and the state of a dialogue that the client keeps between them."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from stylefuse.tasks.validation import RequestError

REQUEST, QUESTION, REFUSAL, HELP = "request", "question", "refusal", "help"
MOST_REQUESTS = 20


@dataclass(frozen=True)
class Wish:
    """A chain of tasks with the parameters that were asked for, and the number of pictures that the sentence names."""

    tasks: tuple[str, ...] = ()
    params: Mapping[str, Any] = field(default_factory=dict)
    pictures: int | None = None

    @property
    def chain(self) -> str:
        return "+".join(self.tasks)

    def plain(self) -> dict[str, Any]:
        return {"chain": self.chain, "params": dict(self.params), "pictures": self.pictures}


@dataclass(frozen=True)
class State:
    """A dialogue: requests that were understood, the last one at the end, and one that a question is about."""

    requests: tuple[Wish, ...] = ()
    pending: Wish | None = None

    @property
    def last(self) -> Wish | None:
        return self.requests[-1] if self.requests else None

    def plain(self) -> dict[str, Any]:
        pending = self.pending.plain() if self.pending else None
        return {"requests": [each.plain() for each in self.requests], "pending": pending}


@dataclass(frozen=True)
class Answer:
    """kind: "request", "question", "refusal" or "help". code: why, a word for programs. text: the sentence for people.

    choices: what a question offers. source: of help, file and heading. command: the command line of a request.
    """

    kind: str
    code: str
    text: str
    language: str
    state: State
    wish: Wish | None = None
    choices: tuple[str, ...] = ()
    source: str = ""
    command: str = ""

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        rest = {key: value for key, value in asdict(self).items() if key not in ("state", "wish")}
        wish = self.wish.plain() if self.wish else {"chain": None, "params": {}, "pictures": None}
        return {**rest, "choices": list(self.choices), **wish, "state": self.state.plain()}


def read_state(value: Any) -> State:
    """The state that a client sent back; None begins a dialogue.

    Raises:
        RequestError: it is not what an answer's `state` was.
    """
    if value is None:
        return State()
    try:
        requests = tuple(_wish(each) for each in value.get("requests", ()))[-MOST_REQUESTS:]
        pending = value.get("pending")
        return State(requests, _wish(pending) if pending else None)
    except (AttributeError, TypeError, KeyError, ValueError):
        message = "it is not the state of an earlier answer"
        raise RequestError(
            "state", message, "send the last answer's state unchanged, or leave it out"
        ) from None


def _wish(value: Mapping[str, Any]) -> Wish:
    params, pictures = value["params"], value.get("pictures")
    tasks = tuple(each for each in value["chain"].split("+") if each)
    plain = all(isinstance(each, str | int | float | bool) for each in params.values())
    if not plain or not (pictures is None or isinstance(pictures, int)):
        raise ValueError
    return Wish(tasks, dict(params), pictures)
