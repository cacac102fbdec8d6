import pytest

from stylefuse.pipelines.progress import TrainingProgress
from stylefuse.tracking import record


@pytest.fixture
def tracked(monkeypatch):
    """What went to the open run, as (metrics, step)."""
    calls = []
    monkeypatch.setattr(record, "queue_metrics", lambda metrics, step: calls.append((metrics, step)))
    return calls


def test_losses_are_averaged_over_each_interval(tracked):
    with TrainingProgress("train", total=20, done=0, every=8) as progress:
        for seen in range(4, 21, 4):
            progress.step(seen, {"a": seen, "b": 1.0})
    rows = [
        {"images_seen": 8, "a": 6.0, "b": 1.0},
        {"images_seen": 16, "a": 14.0, "b": 1.0},
        {"images_seen": 20, "a": 20.0, "b": 1.0},
    ]
    assert progress.rows == rows
    assert tracked == [
        ({f"train.{name}": row[name] for name in ("a", "b")}, row["images_seen"]) for row in rows
    ]


def test_a_loss_of_some_steps_is_averaged_over_those():
    with TrainingProgress("train", total=8, done=0, every=8) as progress:
        progress.step(4, {"a": 1.0, "penalty": 3.0})
        progress.step(8, {"a": 2.0})
    assert progress.rows == [{"images_seen": 8, "a": 1.5, "penalty": 3.0}]


def test_it_goes_on_from_where_a_training_was_left():
    with TrainingProgress("train", total=16, done=8, every=4) as progress:
        progress.step(12, {"a": 1.0})
        progress.step(16, {"a": 2.0})
    assert [row["images_seen"] for row in progress.rows] == [12, 16]


def test_without_a_run_nothing_is_tracked():
    with TrainingProgress("train", total=4, done=0, every=4) as progress:
        progress.step(4, {"a": 1.0})
    assert progress.rows


def test_the_bar_is_closed_when_training_fails():
    with pytest.raises(RuntimeError), TrainingProgress("train", total=4, done=0, every=4) as progress:
        raise RuntimeError
    assert progress._bar.disable  # what tqdm sets once it is closed
