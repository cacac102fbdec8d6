"""`kill -9` at any moment of a training: it goes on from a whole checkpoint, to the same weights bit for bit."""

import logging
import multiprocessing
import multiprocessing.forkserver
import os
import random
import sys
import time

import pytest

import killed
from stylefuse.networks.weights import read_weights
from stylefuse.training.checkpoint import Checkpoints
from support import assert_equal_weights

pytestmark = pytest.mark.slow
KILLS = 20


@pytest.fixture(scope="module")
def start(tiny_data, tiny_classifier):
    """Start a training in a process of its own, which has all imports behind it."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["killed"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
        patch.setenv("OMP_NUM_THREADS", "1")
        multiprocessing.forkserver.ensure_running()

    def start(workspace, *moment):
        (workspace / "started").unlink(missing_ok=True)
        process = context.Process(target=killed.train, args=(tiny_data, tiny_classifier, workspace, *moment))
        process.start()
        while not (workspace / "started").exists():
            assert process.is_alive()
            time.sleep(0.001)
        return process

    return start


@pytest.fixture(scope="module")
def whole(start, tmp_path_factory):
    """What an uninterrupted training makes, and how long it takes, s."""
    workspace = tmp_path_factory.mktemp("whole")
    process, begun = start(workspace), time.monotonic()
    process.join()
    assert process.exitcode == 0
    return workspace, time.monotonic() - begun


def assert_ends_as(whole, workspace, start):
    process = start(workspace)
    process.join()
    assert process.exitcode == 0
    one, other = (read_weights(each / "generator.safetensors") for each in (whole, workspace))
    assert_equal_weights(one, other)
    assert (workspace / "log.csv").read_bytes() == (whole / "log.csv").read_bytes()
    left = {path.suffix for path in workspace.glob("checkpoints/hybrid-*/*")}
    assert left == {".safetensors"}  # nothing half written, nothing damaged
    grids = [sorted(p.name for p in (each / "samples").iterdir()) for each in (whole, workspace)]
    assert grids[0] == grids[1]


def latest(workspace):
    """Images seen by the newest checkpoint, read as a resume reads it."""
    found = [Checkpoints(folder).latest() for folder in workspace.glob("checkpoints/hybrid-*")]
    return found[0].facts["images_seen"] if found and found[0] else 0


@pytest.mark.parametrize("seed", [0])
def test_killed_at_twenty_random_moments(start, whole, tmp_path, seed, caplog):
    """One training, killed over and over; each time it goes on from where it was, and never from less."""
    source, seen, halves = random.Random(seed), [], 0
    done, seconds = whole
    with caplog.at_level(logging.WARNING):
        for _ in range(KILLS):
            process = start(tmp_path)
            time.sleep(source.uniform(0, 2 * seconds / KILLS))
            process.kill()
            process.join()
            halves += len(list(tmp_path.glob("checkpoints/hybrid-*/.*.tmp")))
            seen.append(latest(tmp_path))
    print(
        f"seed {seed}: killed at {seen} of {killed.OPTIONS.training.images} images, {halves} within a write"
    )
    assert seen == sorted(seen) and len(set(seen)) > 3
    assert not [record for record in caplog.records if "checkpoint skipped" in record.message]
    assert_ends_as(done, tmp_path, start)


@pytest.mark.parametrize(
    ("moment", "save"), [("half written", 1), ("renamed", 1), *((moment, 5) for moment in killed.MOMENTS)]
)
def test_killed_at_each_moment_of_a_save(start, whole, tmp_path, moment, save):
    process = start(tmp_path, moment, save)
    process.join()
    assert process.exitcode == -9
    named = moment in killed.MOMENTS[killed.MOMENTS.index("renamed") :]
    assert latest(tmp_path) == 4 * (save if named else save - 1)
    assert_ends_as(whole[0], tmp_path, start)
