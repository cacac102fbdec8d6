"""Where a training runs and in which precision, and what is said when that changes."""

from dataclasses import replace

import pytest
import torch

from stylefuse.training.device import (
    autocast,
    changes,
    described,
    pick_device,
    pick_precision,
    surroundings,
)
from support import TINY


def test_devices():
    assert pick_device("cpu").type == "cpu"
    assert pick_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")


def test_auto_takes_what_is_faster_on_the_machine(bf16_pays):
    auto = replace(TINY, precision="auto")
    assert pick_precision(auto) == ("bf16" if bf16_pays else "fp32")
    with autocast(auto):
        assert torch.is_autocast_enabled("cpu") == bf16_pays


@pytest.mark.parametrize("named", ["fp32", "bf16"])
@pytest.mark.parametrize("before", [None, "fp32", "bf16"])
def test_a_precision_that_is_named_is_taken(named, before, bf16_pays):
    assert pick_precision(replace(TINY, precision=named), before) == named


def test_a_training_that_began_in_fp32_stays_in_it(bf16_pays):
    assert pick_precision(replace(TINY, precision="auto"), "fp32") == "fp32"


def test_a_training_that_began_in_bf16_leaves_it_where_it_is_slow(bf16_pays):
    auto = replace(TINY, precision="auto")
    assert pick_precision(auto, "bf16") == ("bf16" if bf16_pays else "fp32")


def test_what_a_training_runs_on():
    where = surroundings("cpu", "bf16", processes=2)
    assert where["device"] == "cpu" and where["precision"] == "bf16"
    assert where["threads"] == torch.get_num_threads() and where["processes"] == 2
    where |= {"threads": 1, "instructions": "AVX2"}
    assert described(where) == "cpu (AVX2), bf16, 1 thread, 2 processes"
    other = {**where, "precision": "fp32", "threads": 4}
    assert changes(where, other) == "precision: bf16 -> fp32, threads: 1 -> 4"
    assert changes(where, dict(where)) == ""
