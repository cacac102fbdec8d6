import pytest

from stylefuse.pipelines.progress import TrackedProgress
from stylefuse.tracking import record


@pytest.fixture
def tracked(monkeypatch):
    """What went to the open run, as (metrics, step)."""
    calls = []
    monkeypatch.setattr(record, "queue_metrics", lambda metrics, step: calls.append((metrics, step)))
    return calls


def test_rows_become_metrics_under_the_name_of_the_training(tracked):
    progress = TrackedProgress("train")
    progress.on_begin(0, 20)
    progress.on_row(8, {"a": 6.0, "b": 1.0})
    progress.on_end()
    assert tracked == [({"train.a": 6.0, "train.b": 1.0}, 8)]


def test_the_bar_follows_the_clock():
    progress = TrackedProgress("train")
    progress.on_begin(8, 16)
    progress.on_step(12, {"a": 1.0})
    assert (progress._bar.n, progress._bar.total) == (12, 16)
    progress.on_end()
    assert progress._bar.disable  # what tqdm sets once it is closed


def test_without_a_run_nothing_is_tracked():
    progress = TrackedProgress("train")
    progress.on_process()
    progress.on_begin(0, 4)
    progress.on_row(4, {"a": 1.0})
    progress.on_tag("train.device", "cpu")
    progress.on_end()
