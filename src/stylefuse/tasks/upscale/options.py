"""Options of the upscaler's training, as frozen dataclasses."""

from dataclasses import asdict, dataclass

from stylefuse.networks.config import CriticConfig
from stylefuse.tasks.head import HeadEvaluation
from stylefuse.tasks.upscale.config import SCALES, UpscalerConfig
from stylefuse.training.options import STRICT, HeadOptions, check_positive


@dataclass(frozen=True)
class UpscaleWeights:
    """Weight of each term of the losses. The parameters file gives reasons."""

    __pydantic_config__ = STRICT

    distance: float = 1.0
    spectrum: float = 0.05
    adversarial: float = 0.05  # of the detailed networks alone
    gradient_penalty: float = 0.8  # gamma of R1 and R2, on pixels

    def __post_init__(self) -> None:
        if min(asdict(self).values()) < 0:
            raise ValueError("weights must not be negative")


@dataclass(frozen=True)
class UpscaleOptions(HeadOptions):
    """Options of one training of the upscaler. Lengths are photos of which a pair was made; sizes are px.

    image_size: side of whole photos, from which windows are cut at their own scale.
    window: side of the small picture of a pair.
    spoilt_share: share of the small pictures with noise or JPEG artefacts.
    detail_share: last share of the training, in which the detailed networks learn from a critic.
    """

    __pydantic_config__ = STRICT

    images: int = 30_000
    batch_size: int = 4
    image_size: int = 256
    window: int = 48
    least_crop: float = 1.0
    spoilt_share: float = 0.15
    detail_share: float = 0.05
    upscaler: UpscalerConfig = UpscalerConfig()
    critic: CriticConfig = CriticConfig((16, 32, 64))
    weights: UpscaleWeights = UpscaleWeights()
    rate: float = 2e-3
    detail_rate: float = 3e-4
    critic_rate: float = 1e-3
    constant_share: float = 0.3
    penalty_every: int = 4  # rounds of both scales between gradient penalties, each then weighted by as much
    average_half_life: float = 1_000.0
    log_every: int = 1_600
    sample_every: int = 8_000
    checkpoint_every: int = 4_000

    @property
    def faithful_images(self) -> int:
        """Photos after which the detailed networks are trained."""
        return round(self.images * (1 - self.detail_share))

    def __post_init__(self) -> None:
        super().__post_init__()
        check_positive(self, "detail_rate", "critic_rate", "penalty_every")
        if not 8 <= self.window <= self.image_size // max(SCALES):
            raise ValueError(
                f"window is {self.window}: it is at least 8, and at most a quarter of image_size"
            )
        for name in ("spoilt_share", "detail_share"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}: it is a share, from 0 to below 1")


@dataclass(frozen=True)
class UpscaleEvaluation(HeadEvaluation):
    """How the upscaler is measured."""

    __pydantic_config__ = STRICT

    image_size: int = 256  # px; of whole photos at their own scale
