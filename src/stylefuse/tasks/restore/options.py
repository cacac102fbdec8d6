"""Options of the training and measurement of the restorer, as frozen dataclasses."""

from dataclasses import asdict, dataclass

from stylefuse.tasks.head import HeadEvaluation
from stylefuse.tasks.restore.config import RestorerConfig
from stylefuse.training.options import STRICT, HeadOptions

STRIDE = 4  # the restorer halves pictures twice


@dataclass(frozen=True)
class RestoreWeights:
    """Weight of each term of the restorer's loss. The parameters file gives reasons."""

    __pydantic_config__ = STRICT

    log_error: float = 1.0
    found: float = 0.5
    noise: float = 0.5
    compression: float = 0.5

    def __post_init__(self) -> None:
        if min(asdict(self).values()) < 0:
            raise ValueError("weights must not be negative")


@dataclass(frozen=True)
class RestoreOptions(HeadOptions):
    """Options of one training of the restorer. Lengths are photos that were damaged; sizes are px.

    whole_size: largest side to which a photo's square is scaled; crops of image_size are cut from it without scaling,
        because noise and blocks have the size of pixels.
    """

    __pydantic_config__ = STRICT

    images: int = 32_000
    batch_size: int = 8
    image_size: int = 96
    whole_size: int = 256
    least_crop: float = 1.0
    restorer: RestorerConfig = RestorerConfig()
    weights: RestoreWeights = RestoreWeights()
    rate: float = 2e-3
    constant_share: float = 0.3
    average_half_life: float = 1_000.0
    log_every: int = 1_600
    sample_every: int = 8_000
    checkpoint_every: int = 4_000

    @property
    def stride(self) -> int:
        return STRIDE

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.whole_size < self.image_size:
            raise ValueError(f"whole_size is {self.whole_size}: it must be at least image_size")


@dataclass(frozen=True)
class RestoreEvaluation(HeadEvaluation):
    """How the restorer is measured."""

    __pydantic_config__ = STRICT

    photos: int = 40
    image_size: int = 256
    seed: int = 1  # of the damage
