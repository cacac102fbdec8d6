"""Hold signals back for a moment in which a run must not be ended."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

# What a terminal that is closed sends; None on Windows.
HANGUP = getattr(signal, "SIGHUP", None)
# What asks a process to end, from outside. Python itself makes a KeyboardInterrupt of SIGINT.
REQUESTS = (signal.SIGTERM,) if HANGUP is None else (signal.SIGTERM, HANGUP)
ENDING = (signal.SIGINT, *REQUESTS)


@contextmanager
def deferred_signals() -> Iterator[None]:
    """Deliver SIGINT, SIGTERM and SIGHUP only when the block has ended.

    Outside the main thread, which alone may handle signals, nothing is held back.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    held: list[int] = []
    before = {number: signal.getsignal(number) for number in ENDING}
    # A signal that is ignored (SIGHUP under nohup) stays ignored.
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
