"""What the measurement reads of its options."""

from typing import Protocol


class Settings(Protocol):
    """Sizes of batches and draws, see conf/base/parameters_evaluate.yml."""

    batch_size: int
    halvings: int
    bootstrap_repeats: int
    directions: int
    seed: int
