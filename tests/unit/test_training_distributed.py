"""Two processes are one: they agree, they take the same steps as one process, and they fail together."""

import json

import pytest
import torch

from stylefuse.networks.weights import read_weights
from stylefuse.training import distributed
from support import assert_equal_weights
from together import agree, fail, take_steps

STEPS = 5


def read(path):
    return json.loads(path.read_text(encoding="utf-8"))


def test_without_a_group_there_is_one_process():
    assert (distributed.processes(), distributed.rank(), distributed.local_slice(7)) == (1, 0, slice(0, 7))
    assert distributed.all_reduce_max(3) == 3 and distributed.broadcast(lambda: "x") == "x"
    assert not distributed.under_torchrun()
    values = torch.tensor([1.0, 2.0])
    assert torch.equal(distributed.all_reduce_mean(values), torch.tensor([1.0, 2.0]))


def test_two_processes_take_the_steps_of_one(tiny_data, tmp_path):
    """Every term that mixes pictures, and every random stream, must know of the other process' share.

    Of eight photos one passes under the identity row: one process has it, the other has none.
    Each step begins from the state from which the single process took it. Left to themselves the trainings part by
    rounding, which differs with the number of threads and with the processor's instructions: where a gradient is
    nothing but rounding (a bias that a norm cancels), Adam makes a step of full length of it.
    """
    alone, two, free = (tmp_path / name for name in ("alone", "two", "free"))
    alone.mkdir(), two.mkdir(), free.mkdir()
    options = {"batch_size": 8, "images": 80, "penalty_every": 2, "precision": "fp32"}
    take_steps(tiny_data, alone, STEPS, **options)
    distributed.launch(2, "cpu", _steps, tiny_data, two, free, alone, options)

    expected, *found = (
        read(p) for p in (alone / "losses-0.json", two / "losses-0.json", two / "losses-1.json")
    )
    assert found[0] == found[1]
    for step, (one, both) in enumerate(zip(expected, found[0], strict=True)):
        assert both == pytest.approx(one, abs=1e-5, rel=1e-4), step  # rounding of sums alone
        for name, gradient in read_weights(alone / f"gradients-{step}-0.safetensors").tensors.items():
            other = read_weights(two / f"gradients-{step}-0.safetensors").tensors[name]
            assert (other - gradient).norm() < 1e-4 * gradient.norm(), (step, name)
    state, *states = (read_weights(p) for p in (alone / "end-0.safetensors", *sorted(two.glob("end-*"))))
    assert_equal_weights(*states)
    assert_equal_weights(
        *(read_weights(p) for p in sorted(free.glob("end-*")))
    )  # in bf16, left to themselves
    assert state.facts == states[0].facts  # what comes next is drawn from the same places


def _steps(data, out, free, starts, options):
    take_steps(data, out, STEPS, starts, **options)
    take_steps(data, free, STEPS, **{**options, "precision": "bf16"})


@pytest.mark.slow
def test_they_agree(tmp_path):
    distributed.launch(2, "cpu", agree, tmp_path)
    both = [read(tmp_path / f"gave-{rank}.json") for rank in (0, 1)]
    assert [gave.pop("local_slice") for gave in both] == [[0, 3], [3, 6]]
    assert both[0] == both[1]
    assert both[0].pop("refused") == "batch_size is 3: it must be a multiple of the number of processes, 2"
    assert both[0] == {"processes": 2, "all_reduce_max": 10, "broadcast": {"rank": 0}}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("killed", "process 1 by SIGKILL"),
        # The one that raises, or the one that it takes along: whichever ends first.
        ("raises", "of the second|closed|process 0 by SIGABRT"),
    ],
)
def test_one_that_is_lost_ends_all(how, said):
    with pytest.raises(distributed.ProcessLostError, match=rf"(?s)one of 2.*({said})"):
        distributed.launch(2, "cpu", fail, how)


@pytest.mark.skipif(torch.cuda.device_count() >= 64, reason="there are as many")
def test_more_processes_than_gpus_are_refused():
    with pytest.raises(ValueError, match=r"devices is 64: this machine has \d+ GPUs"):
        distributed.launch(64, "cuda", fail, "raises")


def test_several_processes_are_refused_where_sessions_are_missing(monkeypatch):
    """Windows: signals of the terminal would reach every process by itself."""
    monkeypatch.delattr("os.setsid")
    with pytest.raises(ValueError, match=r"needs Linux or macOS: say training\.strategy=single"):
        distributed.launch(2, "cpu", fail, "raises")
