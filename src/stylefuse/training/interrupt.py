"""Ctrl-C, SIGTERM and SIGHUP between steps: a half-done step must not end up in a checkpoint."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

# Requests to end that are no errors. SIGHUP comes when a terminal is closed or its connection drops.
_HANGUP = getattr(signal, "SIGHUP", None)  # None on Windows
_ENDS = (signal.SIGTERM,) if _HANGUP is None else (signal.SIGTERM, _HANGUP)


class Interruption:
    """number: of the signal that has asked for the end; 0 before."""

    def __init__(self):
        self.number = 0

    def raise_if_requested(self) -> None:
        """Pass the signal on: SIGINT as KeyboardInterrupt; SIGTERM and SIGHUP as exit 0, for the state was saved.

        Whoever manages processes (systemd, Kubernetes, a batch queue) takes anything else for a failure.
        """
        if self.number in _ENDS:
            raise SystemExit(0)
        if self.number:
            raise KeyboardInterrupt


@contextmanager
def deferred_interrupt() -> Iterator[Interruption]:
    """Hold SIGINT, SIGTERM and SIGHUP back until `raise_if_requested`; a second SIGINT or SIGTERM gets through at once.

    A closing terminal sends SIGHUP more than once (the kernel does, and the shell), so after the first one it is
    ignored to the end of the process. A SIGHUP that is ignored from the start, as nohup makes it, stays ignored.
    Outside the main thread, where signals cannot be handled, nothing is held back.
    """
    interruption = Interruption()
    if threading.current_thread() is not threading.main_thread():
        yield interruption
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, *_ENDS)}
    if before.get(_HANGUP) == signal.SIG_IGN:
        del before[_HANGUP]

    def hold(number, frame):
        if number == _HANGUP:
            before[number] = signal.SIG_IGN
            signal.signal(number, signal.SIG_IGN)
            interruption.number = interruption.number or number
        elif interruption.number:
            raise KeyboardInterrupt
        else:
            interruption.number = number

    for number in tuple(before):
        signal.signal(number, hold)
    try:
        yield interruption
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
