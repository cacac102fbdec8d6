"""The encoder that all tasks share: a stem at full size, then halvings."""

import hashlib
import itertools
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from stylefuse.networks.blocks import ReflectConv, instance_moments, normalised


class Encoder(nn.Module):
    """Turns pictures into features at 1, 1/2, 1/4 … of their size, without a style: the same for all styles.

    Args:
        channels: width of each level, full size first; one halving between two levels.
    """

    def __init__(self, channels: tuple[int, ...]):
        super().__init__()
        self.stem = ReflectConv(3, channels[0], kernel=5)
        self.downs = nn.ModuleList(ReflectConv(a, b, stride=2) for a, b in itertools.pairwise(channels))

    def forward(self, x: Tensor) -> list[Tensor]:
        """x: N×3×H×W in [-1, 1], H and W multiples of the stride → one N×C×h×w tensor a level."""
        levels = [F.relu(self.stem(x), inplace=True)]
        for down in self.downs:
            h = down(levels[-1])
            levels.append(F.relu(normalised(h, instance_moments(h)), inplace=True))
        return levels


def encoder_hash(encoder: Encoder) -> str:
    """Return a sha256 over the encoder's tensors. Equal encoders read pictures alike, whatever training they are of."""
    digest = hashlib.sha256()
    for name, tensor in sorted(encoder.state_dict().items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy())
    return digest.hexdigest()


def check_encoder(
    facts: Mapping[str, Any], encoder: Encoder, fingerprint: str | None, head: str, pipeline: str
) -> None:
    """Refuse a head that was trained on another encoder.

    Heads from before there were hashes name only the generator, and need the same one.

    Args:
        facts: of the head's weights: `encoder`, the hash of its encoder, and `generator`, the fingerprint of the
            generator that it was trained with.
        encoder: the generator's.
        fingerprint: of the generator.
        head: its name, for the message.
        pipeline: the one that trains the head again.

    Raises:
        ValueError: the encoder is another one.
    """
    equal = (
        facts["encoder"] == encoder_hash(encoder) if "encoder" in facts else facts["generator"] == fingerprint
    )
    if not equal:
        raise ValueError(
            f"the {head} reads the encoder of generator {facts['generator']}, this one is {fingerprint}: "
            f"run the {pipeline} pipeline again"
        )
