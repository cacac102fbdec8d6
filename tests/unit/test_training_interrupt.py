import signal
import threading

import pytest

from stylefuse.training.interrupt import deferred_interrupt

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@pytest.fixture(autouse=True)
def handlers_of_before():
    before = {number: signal.getsignal(number) for number in SIGNALS}
    yield before
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize(
    ("number", "error"),
    [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, SystemExit), (signal.SIGHUP, SystemExit)],
)
def test_a_signal_waits_until_it_is_asked_for(number, error):
    with deferred_interrupt() as interruption:
        interruption.raise_if_requested()
        assert not interruption.number
        signal.raise_signal(number)
        assert interruption.number == number
        with pytest.raises(error) as passed_on:
            interruption.raise_if_requested()
        if error is SystemExit:
            assert passed_on.value.code == 0


def test_a_second_signal_gets_through_at_once():
    with deferred_interrupt():
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)


@pytest.mark.parametrize("first", SIGNALS)
def test_a_terminal_that_hangs_up_twice_cuts_nothing_short(first):
    """Its kernel and its shell both send SIGHUP; the second may come while the first one's end is under way."""
    with deferred_interrupt() as interruption:
        for number in (first, signal.SIGHUP, signal.SIGHUP):
            signal.raise_signal(number)
        assert interruption.number == first
    signal.raise_signal(signal.SIGHUP)


def test_nohup_is_respected():
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with deferred_interrupt() as interruption:
        signal.raise_signal(signal.SIGHUP)
        assert not interruption.number
    assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN


def test_where_there_is_no_such_signal_the_others_are_held_back(monkeypatch):
    """Windows has no SIGHUP."""
    import importlib

    from stylefuse.training import interrupt

    with monkeypatch.context() as patch:
        patch.delattr(signal, "SIGHUP")
        importlib.reload(interrupt)
        with interrupt.deferred_interrupt() as interruption:
            signal.raise_signal(signal.SIGTERM)
            with pytest.raises(SystemExit):
                interruption.raise_if_requested()
    importlib.reload(interrupt)


@pytest.mark.parametrize("error", [None, RuntimeError])
def test_handlers_come_back(error, handlers_of_before):
    before = list(handlers_of_before.values())
    try:
        with deferred_interrupt():
            assert all(signal.getsignal(n) != b for n, b in zip(SIGNALS, before, strict=True))
            if error:
                raise error
    except RuntimeError:
        pass
    assert [signal.getsignal(number) for number in SIGNALS] == before


def test_outside_the_main_thread_nothing_is_held_back():
    seen = []

    def work():
        with deferred_interrupt() as interruption:
            interruption.raise_if_requested()
            seen.append(interruption.number)

    before = signal.getsignal(signal.SIGINT)
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [0] and signal.getsignal(signal.SIGINT) is before
