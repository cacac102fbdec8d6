"""Report the share of a computation that is done, from its inner loops to a listener."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

Listener = Callable[[float], None]
_listener: ContextVar[Listener | None] = ContextVar("listener", default=None)


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Have `listener` called with the share that is done, 0 to 1, by what runs within."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


@contextmanager
def part(first: float, last: float) -> Iterator[None]:
    """What runs within is a part of the whole: its 0 to 1 are `first` to `last` outside."""
    outer = _listener.get()
    if outer is None:
        yield
        return
    with listening(lambda share: outer(first + share * (last - first))):
        yield
    outer(last)


def tell(share: float) -> None:
    """Say that this share, 0 to 1, is done; without a listener nothing happens."""
    if (listener := _listener.get()) is not None:
        listener(share)
