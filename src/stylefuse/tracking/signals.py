"""Defer signals during a moment in which a run must not be interrupted."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

# Sent by a terminal that is closed; None on Windows.
HANGUP = getattr(signal, "SIGHUP", None)
# Requests to terminate, except SIGINT, which Python turns into a KeyboardInterrupt itself.
REQUESTS = (signal.SIGTERM,) if HANGUP is None else (signal.SIGTERM, HANGUP)
ENDING = (signal.SIGINT, *REQUESTS)


@contextmanager
def deferred_signals() -> Iterator[None]:
    """Deliver SIGINT, SIGTERM and SIGHUP only after the block.

    Only the main thread can handle signals; in another thread nothing is deferred.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    held: list[int] = []
    before = {number: signal.getsignal(number) for number in ENDING}
    # Ignored signals (SIGHUP under nohup) stay ignored.
    deferred = [number for number, handler in before.items() if handler not in (signal.SIG_IGN, None)]
    for number in deferred:
        signal.signal(number, lambda signum, frame: held.append(signum))
    try:
        yield
    finally:
        for number in deferred:
            signal.signal(number, before[number])
        if held:
            signal.raise_signal(held[0])
