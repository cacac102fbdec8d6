"""Options of the training of an added style, as frozen dataclasses."""

from dataclasses import asdict, dataclass

from stylefuse.networks.config import CriticConfig
from stylefuse.training.options import STRICT, TrainingOptions, check_positive


@dataclass(frozen=True)
class AddStyleWeights:
    """Weight of each term of L_G and L_D (docs/formulation.md, items 2, 3 and 5). The parameters file gives reasons."""

    __pydantic_config__ = STRICT

    adversarial: float = 1.0
    feature_adversarial: float = 0.1
    photo_negative: float = 0.3  # share of L_D that sees untouched photos as fakes; below 1
    gradient_penalty: float = 0.8  # gamma of R1 and R2, on pixels
    moments: float = 4.0
    colours: float = 0.5
    style: float = 1.5
    patch_nce: float = 1.0
    content_features: float = 1.0
    low_pass: float = 3.0

    def __post_init__(self) -> None:
        if min(asdict(self).values()) < 0 or self.photo_negative >= 1:
            raise ValueError("weights must not be negative, and photo_negative must stay below 1")


@dataclass(frozen=True)
class AddStyleOptions(TrainingOptions):
    """Options of the training of an added style. Lengths are images seen; sizes are px."""

    __pydantic_config__ = STRICT

    images: int = 1_600
    batch_size: int = 4
    average_half_life: float = 400.0
    log_every: int = 200
    sample_every: int = 800
    checkpoint_every: int = 400
    start: str = "nearest"  # of the new row: mean of the old ones, or nearest of them
    critic: CriticConfig = CriticConfig()
    weights: AddStyleWeights = AddStyleWeights()
    rate: float = 1e-2
    delta_rate: float = 1e-3
    projection_rate: float = 1e-3
    critic_rate: float = 1e-3
    least_ssim: float = (
        0.72  # of luma between photos and restyled photos, that the terms of content are to keep
    )
    nce_places: int = 64
    penalty_every: int = 4  # steps between gradient penalties, each then weighted by as much
    guard_every: int = 200  # images between two checks whether the critic knows its pictures by heart
    most_overfitting: float = 1.0  # 1: it takes held-out pictures of the style for restyled photos
    painting_margin: float = 0.04  # share of a picture's sides that crops leave out at both ends

    def __post_init__(self) -> None:
        if self.batch_size < 2:
            raise ValueError("images must be at least batch_size, and batch_size at least 2")
        super().__post_init__()
        check_positive(
            self,
            "penalty_every",
            "guard_every",
            "nce_places",
            "rate",
            "delta_rate",
            "projection_rate",
            "critic_rate",
        )
        if self.start not in ("mean", "nearest"):
            raise ValueError(f"start is {self.start!r}: use mean or nearest")
        if not 0 <= self.least_ssim < 1:
            raise ValueError(f"least_ssim is {self.least_ssim}: it is a similarity, from 0 to below 1")
        if not 0 <= self.painting_margin < 0.4:
            raise ValueError(f"painting_margin is {self.painting_margin}: it is a share, from 0 to 0.4")
