"""One training at a time in one place, and none that would leave another one behind half done."""

import os
import subprocess
import sys
from dataclasses import replace

import pytest
import torch

from stylefuse.networks.weights import Weights
from stylefuse.training.checkpoint import Checkpoints
from stylefuse.training.run_lock import TrainingRefusedError, run_lock
from support import TINY

RESTART = "train_hybrid.restart"


def place(folder, options=TINY, anew=False, kind="hybrid", **identity):
    return run_lock(folder, kind, {"options": options.fingerprinted(), **identity}, 2, RESTART, anew)


def leave(folder, images, options=TINY, **identity):
    """A training that saw so many of its 32 images."""
    with place(folder, options, **identity) as saved:
        facts = {"images_seen": images, "options": options.fingerprinted()}
        saved.save(images, Weights({"a": torch.zeros(3)}, facts))
    return saved


def test_the_same_training_finds_its_checkpoints(tmp_path):
    leave(tmp_path, 8)
    with place(tmp_path) as saved:
        assert saved.latest().facts["images_seen"] == 8


def test_another_is_refused_while_one_is_unfinished(tmp_path):
    folder = leave(tmp_path, 8, code="old").folder
    with (
        pytest.raises(TrainingRefusedError) as refused,
        place(tmp_path, replace(TINY, seed=8, critic_rate=0.5), code="new"),
    ):
        pass
    assert str(refused.value).splitlines() == [
        f"an unfinished training lies in {folder} (8 of 32 images), and this one differs from it:",
        "  code: the training's modules were changed",
        "  options.critic_rate: 0.001 -> 0.5",
        "  options.seed: 7 -> 8",
        "Put that back to go on with it, or begin anew with train_hybrid.restart=true, which removes it.",
    ]
    with place(tmp_path, code="old") as saved:
        assert saved.latest().facts["images_seen"] == 8


def test_finished_ones_and_other_kinds_are_no_obstacle(tmp_path):
    finished, fuser = leave(tmp_path, 32), leave(tmp_path, 8, kind="fusion")
    with place(tmp_path, replace(TINY, seed=8)) as saved:
        assert saved.latest() is None
    assert finished.latest() and fuser.latest()


def test_a_finished_one_is_handed_over_beside_an_unfinished_one(tmp_path):
    leave(tmp_path, 32)
    leave(tmp_path, 8, replace(TINY, seed=8))
    with place(tmp_path) as saved:
        assert saved.latest().facts["images_seen"] == 32


def test_to_begin_anew_removes_the_unfinished_and_nothing_else(tmp_path):
    finished, fuser = leave(tmp_path, 32), leave(tmp_path, 8, kind="fusion")
    unfinished = leave(tmp_path, 8, replace(TINY, seed=8))
    with place(tmp_path, replace(TINY, seed=9), anew=True) as saved:
        assert saved.latest() is None
    assert not unfinished.folder.exists() and finished.latest() and fuser.latest()
    leave(tmp_path, 8, replace(TINY, seed=9))
    with place(tmp_path, replace(TINY, seed=9), anew=True) as saved:
        assert saved.latest() is None


def test_one_of_an_older_version_is_left_alone(tmp_path):
    old = Checkpoints(tmp_path / "hybrid-0123456789abcdef")
    old.save(8, Weights({"a": torch.zeros(3)}, {"images_seen": 8, "training_log": []}))
    with place(tmp_path) as saved:
        assert saved.latest() is None
    assert old.latest()


def test_damaged_ones_are_no_obstacle(tmp_path):
    saved = leave(tmp_path, 8)
    (path,) = saved.folder.iterdir()
    path.write_bytes(b"?")
    with place(tmp_path, replace(TINY, seed=8)) as other:
        assert other.latest() is None


def test_a_second_training_is_refused_whatever_its_options(tmp_path):
    said = rf"running in {tmp_path} already, process {os.getpid()}: wait for its end or stop it"
    with place(tmp_path):
        for options in (TINY, replace(TINY, seed=8)):
            with pytest.raises(TrainingRefusedError, match=said), place(tmp_path, options, anew=True):
                pass
        with place(tmp_path, kind="fusion"):
            pass
    with place(tmp_path):
        pass


def test_an_error_within_lets_go(tmp_path):
    with pytest.raises(OSError), place(tmp_path):
        raise OSError
    with place(tmp_path):
        pass


@pytest.mark.slow
def test_the_place_is_free_again_after_a_kill(tmp_path):
    code = (
        "import sys, time; from pathlib import Path; from stylefuse.training.run_lock import run_lock\n"
        "with run_lock(Path(sys.argv[1]), 'hybrid', {'options': {}}, 2, 'restart', False):\n"
        "    print('held', flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(TrainingRefusedError, match=f"process {holder.pid}"), place(tmp_path):
            pass
    finally:
        holder.kill()
        holder.wait()
    with place(tmp_path):
        pass
