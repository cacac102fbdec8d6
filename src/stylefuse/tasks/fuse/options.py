"""Options of the training and measurement of the fuser, as frozen dataclasses."""

from dataclasses import asdict, dataclass

from stylefuse.tasks.fuse.config import FuserConfig
from stylefuse.tasks.head import HeadEvaluation
from stylefuse.training.options import STRICT, HeadOptions


@dataclass(frozen=True)
class FusionWeights:
    """Weight of each term of L_F (docs/formulation.md, item 6). The parameters file gives reasons."""

    __pydantic_config__ = STRICT

    log_error: float = 1.0
    dissimilarity: float = 0.2
    best_of_inputs: float = 1.0
    mode: float = 0.1

    def __post_init__(self) -> None:
        if min(asdict(self).values()) < 0:
            raise ValueError("weights must not be negative")


@dataclass(frozen=True)
class FusionOptions(HeadOptions):
    """Options of one training of the fuser. Lengths are photos of which a set was made; sizes are px."""

    __pydantic_config__ = STRICT

    images: int = 9_000
    batch_size: int = 12
    image_size: int = 96
    large_size: int = 160
    large_share: float = 0.25  # of the batches that are of that size, and of fewer sets
    least_crop: float = 0.5
    most_inputs: int = 4  # pictures in a set: two to this many
    fuser: FuserConfig = FuserConfig()
    weights: FusionWeights = FusionWeights()
    rate: float = 1.5e-3
    constant_share: float = 0.4
    average_half_life: float = 1_000.0
    log_every: int = 600
    sample_every: int = 3_000
    checkpoint_every: int = 1_200

    @property
    def stride(self) -> int:
        return self.fuser.stride

    @property
    def large_batch_size(self) -> int:
        """As many pixels as in a batch of the smaller size."""
        return max(1, round(self.batch_size * (self.image_size / self.large_size) ** 2))

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 2 <= self.most_inputs <= 8:
            raise ValueError(f"most_inputs is {self.most_inputs}: a set has 2 to 8 pictures")
        if not 0 <= self.large_share <= 1:
            raise ValueError(f"large_share is {self.large_share}: it is a share, from 0 to 1")
        if self.large_size % self.stride or self.large_size < self.image_size:
            raise ValueError(f"large_size must be a multiple of {self.stride}, at least image_size")
        if self.large_share:
            self.check_shared("the batch of large sets", self.large_batch_size)


@dataclass(frozen=True)
class FusionEvaluation(HeadEvaluation):
    """How the fuser is measured."""

    __pydantic_config__ = STRICT

    inputs: tuple[int, ...] = (2, 3)  # pictures in a set; each number is a row of the table for each kind
    seed: int = 1  # of the sets
