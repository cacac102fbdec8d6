import signal
import threading

import pytest

from stylefuse.training.interrupt import deferred_interrupt


@pytest.mark.parametrize(
    ("number", "error"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, SystemExit)]
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


@pytest.mark.parametrize("error", [None, RuntimeError])
def test_handlers_come_back(error):
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.getsignal(number) for number in numbers]
    try:
        with deferred_interrupt():
            assert [signal.getsignal(number) for number in numbers] != before
            if error:
                raise error
    except RuntimeError:
        pass
    assert [signal.getsignal(number) for number in numbers] == before


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
