"""Options of the adversarial training, as frozen dataclasses."""

from dataclasses import asdict, dataclass

from stylefuse.networks.config import CriticConfig, GeneratorConfig
from stylefuse.training.options import STRICT, TrainingOptions, check_positive


@dataclass(frozen=True)
class LossWeights:
    """Weight of each term of L_G and L_D (docs/formulation.md, items 2, 3 and 5). The parameters file gives reasons."""

    __pydantic_config__ = STRICT

    adversarial: float = 1.0
    feature_adversarial: float = 0.7
    photo_negative: float = 0.3  # share of L_D that sees untouched photos as fakes; below 1
    gradient_penalty: float = 0.8  # gamma of R1 and R2, on pixels
    style: float = 0.1
    patch_nce: float = 1.0
    content_features: float = 1.0
    low_pass: float = 2.0
    identity: float = 1.0

    def __post_init__(self) -> None:
        if min(asdict(self).values()) < 0 or self.photo_negative >= 1:
            raise ValueError("weights must not be negative, and photo_negative must stay below 1")


@dataclass(frozen=True)
class HybridOptions(TrainingOptions):
    """Options of one adversarial training. Lengths are images seen; sizes are px."""

    __pydantic_config__ = STRICT

    images: int = 4_400
    generator: GeneratorConfig = GeneratorConfig()
    critic: CriticConfig = CriticConfig()
    weights: LossWeights = LossWeights()
    generator_rate: float = 1e-3
    style_rate_factor: float = 10.0
    critic_rate: float = 1e-3
    penalty_every: int = 4  # steps between gradient penalties, each then weighted by as much
    nce_places: int = 64
    painting_margin: float = 0.04  # share of a painting's sides that crops leave out at both ends
    compile: bool = False

    @property
    def stride(self) -> int:
        return self.generator.stride

    def __post_init__(self) -> None:
        if self.batch_size < 2:
            raise ValueError("images must be at least batch_size, and batch_size at least 2")
        super().__post_init__()
        check_positive(self, "penalty_every", "nce_places")
        if not 0 <= self.painting_margin < 0.4:
            raise ValueError(f"painting_margin is {self.painting_margin}: it is a share, from 0 to 0.4")
        if min(self.generator_rate, self.critic_rate, self.style_rate_factor) < 0:
            raise ValueError("generator_rate, critic_rate and style_rate_factor must not be negative")
