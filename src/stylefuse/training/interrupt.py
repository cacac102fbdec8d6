"""Delay Ctrl-C, SIGTERM and SIGHUP until a training step is complete and saved."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

# Signals that ask a process to end. SIGHUP comes when a terminal is closed or its connection drops.
_HANGUP = getattr(signal, "SIGHUP", None)  # None on Windows
_ENDS = (signal.SIGTERM,) if _HANGUP is None else (signal.SIGTERM, _HANGUP)


class Interruption:
    """Number of the signal that asked the process to end; 0 while none did."""

    def __init__(self) -> None:
        self.number = 0

    def raise_if_requested(self) -> None:
        """Raise KeyboardInterrupt after SIGINT, SystemExit(0) after SIGTERM and SIGHUP; else do nothing.

        Call it once the state is saved. Exit code 0, because systemd, Kubernetes and batch queues report any other
        code as a failure.
        """
        if self.number in _ENDS:
            raise SystemExit(0)
        if self.number:
            raise KeyboardInterrupt


@contextmanager
def deferred_interrupt() -> Iterator[Interruption]:
    """Record SIGINT, SIGTERM and SIGHUP instead of acting on them; a second SIGINT or SIGTERM interrupts at once.

    The kernel and the shell both send SIGHUP when a terminal closes, so after the first one it is ignored to the end
    of the process. If SIGHUP is ignored at the start, as under nohup, it stays ignored. Outside the main thread
    Python cannot handle signals, and this context does nothing.
    """
    interruption = Interruption()
    if threading.current_thread() is not threading.main_thread():
        yield interruption
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, *_ENDS)}
    if before.get(_HANGUP) == signal.SIG_IGN:
        del before[_HANGUP]

    def hold(number: int, frame: object) -> None:
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
