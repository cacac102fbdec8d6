"""Two processes are one: they agree, they take the same steps as one process, and they fail together."""

import json

import pytest
import torch

from stylefuse.networks.weights import read_weights
from stylefuse.training import distributed
from support import assert_equal_weights
from together import agree, fail, take_steps


def read(path):
    return json.loads(path.read_text())


def test_without_a_group_there_is_one_process():
    assert (distributed.processes(), distributed.rank(), distributed.share(7)) == (1, 0, slice(0, 7))
    assert distributed.largest(3) == 3 and distributed.from_first(lambda: "x") == "x"
    assert not distributed.launched()
    values = torch.tensor([1.0, 2.0])
    assert torch.equal(distributed.average(values), torch.tensor([1.0, 2.0]))


def test_two_processes_take_the_steps_of_one(tiny_data, tiny_classifier, tmp_path):
    """Every term that mixes pictures, and every random stream, must know of the other process' share.

    Of eight photos one passes under the identity row: one process has it, the other has none.
    At the rates of the `gpu` environment: gradients agree to rounding, but where one is nothing but rounding (a bias
    that a norm cancels), Adam makes a step of full length of it, and longer steps would show in the fourth digit.
    """
    alone, two = tmp_path / "alone", tmp_path / "two"
    alone.mkdir(), two.mkdir()
    rates = {"generator_rate": 2e-4, "critic_rate": 2e-4}
    options = {"batch_size": 8, "images": 80, "penalty_every": 2, **rates}
    take_steps(tiny_data, tiny_classifier, alone, 5, **options)

    distributed.launch(2, "cpu", _steps, tiny_data, tiny_classifier, two, options)
    expected, *found = (
        read(p) for p in (alone / "losses-0.json", two / "losses-0.json", two / "losses-1.json")
    )
    assert found[0] == found[1]
    for step, (one, both) in enumerate(zip(expected, found[0], strict=True)):
        assert one.keys() == both.keys()
        for name in one:
            assert both[name] == pytest.approx(one[name], abs=1e-4, rel=1e-3 if "grad" in name else 0), (
                step,
                name,
            )
    state, *states = (read_weights(p) for p in (alone / "state-0.safetensors", *sorted(two.glob("state-*"))))
    assert_equal_weights(*states)
    assert state.facts == states[0].facts  # what comes next is drawn from the same places


def _steps(data, classifier, out, options):
    take_steps(data, classifier, out, 5, **options)


@pytest.mark.slow
def test_they_agree(tmp_path):
    distributed.launch(2, "cpu", agree, tmp_path)
    both = [read(tmp_path / f"gave-{rank}.json") for rank in (0, 1)]
    assert [gave.pop("share") for gave in both] == [[0, 3], [3, 6]]
    assert both[0] == both[1]
    assert both[0].pop("refused") == "batch_size is 3: it must be a multiple of the number of processes, 2"
    assert both[0] == {"processes": 2, "largest": 10, "from_first": {"rank": 0}}


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
