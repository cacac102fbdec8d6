"""The encoder's hash, and whether a head belongs to an encoder."""

import pytest
import torch

from stylefuse.networks.encoder import Encoder, check_encoder, encoder_hash


@pytest.fixture
def encoder():
    torch.manual_seed(0)
    return Encoder((4, 8))


def test_equal_encoders_have_equal_hashes(encoder):
    other = Encoder((4, 8))
    assert encoder_hash(other) != encoder_hash(encoder)
    other.load_state_dict(encoder.state_dict())
    assert encoder_hash(other.to(memory_format=torch.channels_last)) == encoder_hash(encoder)
    with torch.no_grad():
        other.downs[0].bias[3] += 1e-6
    assert encoder_hash(other) != encoder_hash(encoder)


def test_a_head_belongs_to_the_encoder_that_its_hash_names(encoder):
    facts = {"encoder": encoder_hash(encoder), "generator": "f00d"}
    check_encoder(facts, encoder, "f00d", "head", "train_head")
    check_encoder(facts, encoder, "beef", "head", "train_head")  # one that has learned a further style
    with pytest.raises(
        ValueError, match=r"the head reads .* f00d, this one is beef: run the train_head pipeline"
    ):
        check_encoder(facts, Encoder((4, 8)), "beef", "head", "train_head")


def test_a_head_without_a_hash_belongs_to_the_generator_that_it_names(encoder):
    check_encoder({"generator": "f00d"}, encoder, "f00d", "head", "train_head")
    with pytest.raises(ValueError, match="f00d, this one is beef"):
        check_encoder({"generator": "f00d"}, encoder, "beef", "head", "train_head")
