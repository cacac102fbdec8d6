"""Ctrl-C and SIGTERM between steps: a half-done step must not end up in a checkpoint."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interruption:
    """number: of the signal that has asked for the end; 0 before."""

    def __init__(self):
        self.number = 0

    def raise_if_requested(self) -> None:
        """Pass the signal on: SIGINT as KeyboardInterrupt; SIGTERM as exit 0, for what it asked for was done.

        Whoever manages processes (systemd, Kubernetes, a batch queue) takes anything else for a failure.
        """
        if self.number == signal.SIGTERM:
            raise SystemExit(0)
        if self.number:
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
        if interruption.number:
            raise KeyboardInterrupt
        interruption.number = number

    for number in _SIGNALS:
        signal.signal(number, hold)
    try:
        yield interruption
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
