"""All that can be turned in the training of the fuser, as frozen dataclasses."""

from dataclasses import asdict, dataclass
from typing import Any

from stylefuse.networks.config import FuserConfig
from stylefuse.training.options import STRICT, check_training


@dataclass(frozen=True)
class FusionWeights:
    """Weight of each term of L_F (docs/formulation.md, item 6). The parameters file gives reasons."""

    __pydantic_config__ = STRICT

    log_error: float = 1.0
    dissimilarity: float = 0.2
    best_of_inputs: float = 1.0
    mode: float = 0.1

    def __post_init__(self):
        if min(asdict(self).values()) < 0:
            raise ValueError("weights must not be negative")


@dataclass(frozen=True)
class FusionOptions:
    """One training of the fuser. Lengths are images seen, that is photos of which a set was made; sizes px."""

    __pydantic_config__ = STRICT

    images: int = 9_000
    batch_size: int = 12
    image_size: int = 96
    large_size: int = 160
    large_share: float = 0.25  # of the batches that are of that size, and of fewer sets
    least_crop: float = 0.5  # smallest crop, share of a picture's short side
    most_inputs: int = 4  # pictures in a set: two to this many
    fuser: FuserConfig = FuserConfig()
    weights: FusionWeights = FusionWeights()
    rate: float = 1.5e-3
    constant_share: float = 0.4
    average_half_life: float = 1_000.0
    log_every: int = 600
    sample_every: int = 3_000
    checkpoint_every: int = 1_200
    seed: int = 7
    precision: str = "auto"  # auto, fp32 or bf16
    device: str = "auto"  # auto, cpu or cuda
    keep_checkpoints: int = 2

    def __post_init__(self):
        if self.images < self.batch_size or self.batch_size < 1:
            raise ValueError("images must be at least batch_size, and batch_size at least 1")
        if not 2 <= self.most_inputs <= 8:
            raise ValueError(f"most_inputs is {self.most_inputs}: a set has 2 to 8 pictures")
        positive = (
            "rate",
            "average_half_life",
            "log_every",
            "sample_every",
            "checkpoint_every",
            "keep_checkpoints",
        )
        check_training(self, self.fuser.stride, positive)
        if not 0 <= self.large_share <= 1:
            raise ValueError(f"large_share is {self.large_share}: it is a share, from 0 to 1")
        if self.large_size % self.fuser.stride or self.large_size < self.image_size:
            raise ValueError(f"large_size must be a multiple of {self.fuser.stride}, at least image_size")

    @property
    def large_batch_size(self) -> int:
        """As many pixels as in a batch of the smaller size."""
        return max(1, round(self.batch_size * (self.image_size / self.large_size) ** 2))

    def identity(self) -> dict[str, Any]:
        """What decides the outcome, for fingerprints: how often it is logged or drawn, and where it runs, do not."""
        around = ("log_every", "sample_every", "checkpoint_every", "keep_checkpoints", "device")
        return {name: value for name, value in asdict(self).items() if name not in around}
