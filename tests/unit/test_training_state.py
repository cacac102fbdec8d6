"""A training that is stopped and resumed ends with the weights of one that never stopped, bit for bit."""

from dataclasses import replace

import pytest
import torch

from stylefuse.networks.weights import Weights, read_weights, write_weights
from stylefuse.tasks.stylize.batch import next_batch
from support import TINY, assert_equal_weights, tiny_training

# Batches of three from two styles: at the stop, and at the end, a round of drawing is half done.
BATCH, STOP, STEPS = 3, 3, 5


def tiny_state(tiny_data, **changes):
    return tiny_training(tiny_data, **changes)[0].state


@pytest.fixture(scope="module")
def uninterrupted(tiny_data):
    return whole(tiny_data)


def whole(tiny_data, **changes):
    """Losses and end of a training that nobody stops."""
    training, options = tiny_training(tiny_data, batch_size=BATCH, **changes)
    return [training.step(options) for _ in range(STEPS)], training.state.pack()


@pytest.mark.parametrize(("through_a_file", "precision"), [(False, "fp32"), (True, "fp32"), (True, "bf16")])
def test_resumed_it_goes_on_bit_for_bit(tiny_data, uninterrupted, tmp_path, through_a_file, precision):
    if precision == "bf16":
        uninterrupted = whole(tiny_data, precision=precision)
    training, options = tiny_training(tiny_data, batch_size=BATCH, precision=precision)
    losses = [training.step(options) for _ in range(STOP)]
    packed = training.state.pack()
    if through_a_file:
        write_weights(tmp_path / "state.safetensors", packed)
        packed = read_weights(tmp_path / "state.safetensors")
    torch.manual_seed(999)  # nothing may come from the global generator
    other, _ = tiny_training(tiny_data, batch_size=BATCH, precision=precision)
    resumed = other.state
    next_batch(resumed, 5, torch.device("cpu"))  # another place in every order, and in every random stream
    resumed.generators["noise"].manual_seed(999)
    for module in resumed.modules.values():
        for tensor in module.state_dict().values():
            tensor.copy_(torch.randn_like(tensor))
    resumed.restore(packed)
    assert resumed.images_seen == STOP * BATCH
    losses += [other.step(options) for _ in range(STEPS - STOP)]
    assert losses == uninterrupted[0]
    assert_equal_weights(resumed.pack(), uninterrupted[1])


def test_what_was_restored_leads_a_life_of_its_own(tiny_data, uninterrupted):
    first, options = tiny_training(tiny_data, batch_size=BATCH)
    for _ in range(STOP):
        first.step(options)
    second, _ = tiny_training(tiny_data, batch_size=BATCH)
    second.state.restore(first.state.pack())
    for _ in range(STEPS - STOP):
        second.step(options)
        first.step(options)
    assert_equal_weights(first.state.pack(), uninterrupted[1])
    assert_equal_weights(second.state.pack(), uninterrupted[1])


def test_a_state_holds_all_that_moves(uninterrupted, tiny_data):
    """Every network, both optimisers, the samplers and the sources of randomness."""
    state = tiny_state(tiny_data)
    before, after = state.pack(), uninterrupted[1]
    roots = {name.split("/")[0] for name in after.tensors}
    networks, optimisers = state.modules.keys(), state.optimisers.keys()
    assert len(networks) >= 4 and len(optimisers) == 2
    assert roots == networks | optimisers | {"noise"}
    for root in roots - optimisers:
        names = [name for name in before.tensors if name.split("/")[0] == root]
        assert any(not torch.equal(before.tensors[n], after.tensors[n]) for n in names), root
    for fact in ("images_seen", "generators", "values", "samplers"):
        assert before.facts[fact] != after.facts[fact], fact


def test_equal_seeds_begin_alike(tiny_data):
    one, same, other = (tiny_state(tiny_data, seed=seed).pack() for seed in (1, 1, 2))
    assert_equal_weights(one, same)
    assert not torch.equal(one.tensors["generator/head.weight"], other.tensors["generator/head.weight"])


def test_the_ema_begins_as_the_generator(tiny_data):
    training, _ = tiny_training(tiny_data)
    pairs = zip(training.ema.parameters(), training.generator.parameters(), strict=True)
    assert all(torch.equal(a, g) and not a.requires_grad for a, g in pairs)


def test_style_tables_learn_at_a_rate_of_their_own(tiny_data):
    training, options = tiny_training(tiny_data)
    bases = {
        id(p): group["base"] for group in training.generator_optimiser.param_groups for p in group["params"]
    }
    tables = {id(p) for p in training.generator.style_parameters()}
    assert {bases[i] for i in tables} == {options.generator_rate * options.style_rate_factor}
    assert {rate for i, rate in bases.items() if i not in tables} == {options.generator_rate}
    trained = [*training.generator.parameters(), *training.projection.parameters()]
    assert bases.keys() == {id(p) for p in trained}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"generator": replace(TINY.generator, blocks=2)}, r"options\.generator\.blocks: 1 -> 2"),
        ({"weights": replace(TINY.weights, style=0.2)}, r"options\.weights\.style: 0\.1 -> 0\.2"),
        ({"batch_size": 8, "seed": 8}, r"options\.batch_size: 4 -> 8; options\.seed: 7 -> 8"),
    ],
)
def test_a_state_of_other_options_is_refused_by_name_and_changes_nothing(tiny_data, changes, said):
    one = tiny_state(tiny_data)
    other = tiny_state(tiny_data, **changes)
    before = other.pack()
    with pytest.raises(ValueError, match=f"written under other options: {said}$"):
        other.restore(one.pack())
    assert_equal_weights(other.pack(), before)


def test_options_that_decide_nothing_may_change(tiny_data):
    one = tiny_state(tiny_data)
    changes = {"log_every": 1, "checkpoint_every": 1, "keep_checkpoints": 5, "strategy": "ddp", "devices": 2}
    other = tiny_state(tiny_data, **changes)
    other.restore(one.pack())
    assert_equal_weights(other.pack(), one.pack())


def test_a_state_of_an_older_version_is_refused(tiny_data):
    state = tiny_state(tiny_data)
    tensors, facts = state.pack()
    del facts["options"]
    with pytest.raises(ValueError, match="older version of StyleFuse"):
        state.restore(Weights(tensors, facts))
