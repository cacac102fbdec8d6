from stylefuse.training.collapse import PATIENCE, CollapseWatch

HEALTHY = {"critic": 0.5, "critic_win_rate": 0.9, "adversarial": 1.0}
WON = {**HEALTHY, "critic": 0.005}
ALWAYS_RIGHT = {**HEALTHY, "critic_win_rate": 1.0}


def said(*runs):
    """After which steps it spoke, and what it said."""
    watch = CollapseWatch()
    steps = [losses for losses, count in runs for _ in range(count)]
    return [(i, message) for i, losses in enumerate(steps, 1) if (message := watch.notice(losses))]


def test_a_healthy_game_is_left_in_peace():
    assert said((HEALTHY, 1000)) == []


def test_a_critic_that_has_won_is_noticed_once():
    ((step, message),) = said((HEALTHY, 10), (WON, 1000))
    assert step == 10 + PATIENCE
    assert "its loss is below 0.01 for 200 steps" in message and "critic_rate" in message


def test_a_critic_that_is_always_right_is_noticed_as_well():
    ((step, message),) = said((ALWAYS_RIGHT, 300))
    assert step == PATIENCE and "it wins every comparison" in message


def test_a_lucky_stretch_is_not_a_collapse():
    assert said(*[(WON, PATIENCE - 1), (HEALTHY, 1)] * 3) == []
    assert said(*[(WON, 1), (ALWAYS_RIGHT, 1)] * 300) == []  # neither sign lasts


def test_a_loss_that_is_not_a_number_is_no_victory():
    assert said(({**WON, "critic": float("nan")}, 300)) == []
