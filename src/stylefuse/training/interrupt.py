"""Ctrl-C and SIGTERM between steps: a half-done step must not end up in a checkpoint."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interruption:
    """Set once a signal has asked for the end."""

    def __init__(self):
        self.requested = False

    def raise_if_requested(self) -> None:
        """Pass the signal on as the KeyboardInterrupt that callers expect."""
        if self.requested:
            raise KeyboardInterrupt


@contextmanager
def deferred_interrupt() -> Iterator[Interruption]:
    """Hold SIGINT and SIGTERM back until `raise_if_requested`; a second one gets through at once.

    Outside the main thread, where signals cannot be handled, nothing is held back.
    """
    interruption = Interruption()
    if threading.current_thread() is not threading.main_thread():
        yield interruption
        return
    before = {number: signal.getsignal(number) for number in _SIGNALS}

    def hold(number, frame):
        if interruption.requested:
            raise KeyboardInterrupt
        interruption.requested = True

    for number in _SIGNALS:
        signal.signal(number, hold)
    try:
        yield interruption
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
