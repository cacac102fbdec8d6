from stylefuse.training.loss_log import LossLog


def test_losses_are_averaged_over_each_interval():
    log = LossLog(total=20, every=8)
    means = [log.add(seen, {"a": seen, "b": 1.0}) for seen in range(4, 21, 4)]
    rows = [
        {"images_seen": 8, "a": 6.0, "b": 1.0},
        {"images_seen": 16, "a": 14.0, "b": 1.0},
        {"images_seen": 20, "a": 20.0, "b": 1.0},
    ]
    assert log.rows == rows
    assert means == [None, {"a": 6.0, "b": 1.0}, None, {"a": 14.0, "b": 1.0}, {"a": 20.0, "b": 1.0}]


def test_a_loss_of_some_steps_is_averaged_over_those():
    log = LossLog(total=8, every=8)
    log.add(4, {"a": 1.0, "penalty": 3.0})
    log.add(8, {"a": 2.0})
    assert log.rows == [{"images_seen": 8, "a": 1.5, "penalty": 3.0}]


def test_it_goes_on_from_where_a_training_was_left():
    first = LossLog(total=16, every=8)
    for seen in (4, 8, 12):
        first.add(seen, {"a": float(seen)})
    log = LossLog(total=16, every=8, images_seen=12, rows=first.rows, pending=first.pending())
    log.add(16, {"a": 2.0})
    assert log.rows == [{"images_seen": 8, "a": 6.0}, {"images_seen": 16, "a": 7.0}]
