import pytest

from stylefuse.training.schedule import ema_decay, lr_factor


def test_rate_is_constant_then_falls_to_zero():
    factors = [lr_factor(seen, 1000, 0.7) for seen in range(0, 1001, 50)]
    assert factors[:14] == [1.0] * 14
    assert factors == sorted(factors, reverse=True)
    assert lr_factor(850, 1000, 0.7) == pytest.approx(0.5)
    assert factors[-1] == 0


def test_rate_never_turns_negative():
    """The last batch may reach past the end."""
    assert lr_factor(1003, 1000, 0.7) == 0


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_rate_at_both_ends_of_the_share(share):
    assert lr_factor(0, 100, share) == 1
    assert lr_factor(99, 100, share) == pytest.approx(1 if share else 0.01)


@pytest.mark.parametrize("batch_size", [1, 8])
def test_a_weight_loses_half_its_share_in_a_half_life(batch_size):
    share = ema_decay(10**6, batch_size, 800) ** (800 / batch_size)
    assert share == pytest.approx(0.5)


def test_the_average_forgets_its_start_faster():
    decays = [ema_decay(seen, 8, 800) for seen in (8, 80, 800, 8000, 80000)]
    assert decays == sorted(decays) and 0 < decays[0] < 0.01
    assert decays[-1] == decays[-2]
