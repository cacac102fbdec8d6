"""Splits by content: stable, and none empty where there are three pictures."""

import hashlib
import itertools

import pytest

from stylefuse.pipelines.ingest.options import IngestOptions
from stylefuse.pipelines.ingest.selection import split_of, splits_of

SPLITS = {"train", "judge", "test"}
OPTIONS = IngestOptions(
    **dict(short_side=80, trim_margins=True, test_share=0.2, judge_share=0.25, duplicate_distance=70),
    **dict(max_bytes=10**6, max_pixels=10**6, min_side=32, max_aspect=20, warn_below=20, workers=1),
)


def at(position: float) -> str:
    """A hash at a position of [0, 1)."""
    return f"{int(position * 2**32):08x}" + 56 * "0"


def drawn(count: int, seed: int) -> list[str]:
    return [hashlib.sha256(f"{seed} {i}".encode()).hexdigest() for i in range(count)]


@pytest.mark.parametrize("count", [3, 4, 6, 10, 20, 30])
def test_no_split_is_ever_empty(count):
    chance = 0
    for seed in range(1000):
        sha256s = drawn(count, seed)
        chance += {split_of(sha256, OPTIONS) for sha256 in sha256s} != SPLITS
        assert set(splits_of(sha256s, OPTIONS)) == SPLITS
    assert count > 20 or chance  # of a thousand styles of twenty some fourteen would have an empty one


def test_a_style_with_no_empty_split_is_split_by_content_alone():
    whole = 0
    for count, seed in itertools.product((5, 20, 100), range(300)):
        sha256s = drawn(count, seed)
        plain = [split_of(sha256, OPTIONS) for sha256 in sha256s]
        if set(plain) == SPLITS:
            whole += 1
            assert splits_of(sha256s, OPTIONS) == plain
    assert whole > 300


@pytest.mark.parametrize(
    ("positions", "splits"),
    [
        # test is 0 to .2, judge .2 to .45, train the rest; one is moved from train, the nearest
        ((0.9, 0.3, 0.6, 0.35), ("train", "judge", "test", "judge")),
        ((0.9, 0.1, 0.5, 0.6), ("train", "test", "judge", "train")),
        # train has one alone: from judge before test
        ((0.9, 0.3, 0.25, 0.4), ("train", "judge", "test", "judge")),
        ((0.9, 0.1, 0.15, 0.05), ("train", "test", "judge", "test")),
        ((0.1, 0.3, 0.4, 0.15), ("test", "judge", "train", "test")),
        ((0.1, 0.05, 0.15, 0.3), ("test", "test", "train", "judge")),
        # all in one
        ((0.5, 0.6, 0.7), ("test", "judge", "train")),
        ((0.25, 0.3, 0.4), ("test", "judge", "train")),
        ((0.05, 0.1, 0.15), ("test", "train", "judge")),
    ],
)
def test_what_is_moved_is_the_nearest(positions, splits):
    for order in itertools.permutations(range(len(positions))):  # whatever the files are called
        given = [at(positions[i]) for i in order]
        assert splits_of(given, OPTIONS) == [splits[i] for i in order]


def test_two_pictures_make_no_split():
    assert splits_of([at(0.9), at(0.8)], OPTIONS) == ["train", "train"]
    assert splits_of([], OPTIONS) == []


def test_adding_pictures_moves_none_but_the_one_that_was_moved():
    before = [at(p) for p in (0.3, 0.5, 0.6, 0.7)]  # none in the test: 0.5 is moved there
    assert splits_of(before, OPTIONS) == ["judge", "test", "train", "train"]
    assert splits_of([*before, at(0.8), at(0.4)], OPTIONS)[:4] == ["judge", "test", "train", "train"]
    assert splits_of([*before, at(0.1)], OPTIONS) == ["judge", "train", "train", "train", "test"]
