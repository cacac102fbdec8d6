"""Options of the reviser's training, as frozen dataclasses."""

from dataclasses import asdict, dataclass

from stylefuse.networks.config import CriticConfig
from stylefuse.tasks.stylize.reviser_config import ReviserConfig
from stylefuse.training.options import STRICT, HeadOptions, check_positive


@dataclass(frozen=True)
class ReviserWeights:
    """Weight of each term of L_R and L_D (docs/formulation.md, item 7). The parameters file gives reasons."""

    __pydantic_config__ = STRICT

    adversarial: float = 1.0
    photo_negative: float = 0.3  # share of L_D that sees untouched photos as fakes; below 1
    gradient_penalty: float = 0.8  # gamma of R1 and R2, on pixels
    draft: float = 10.0

    def __post_init__(self) -> None:
        if min(asdict(self).values()) < 0 or self.photo_negative >= 1:
            raise ValueError("weights must not be negative, and photo_negative must stay below 1")


@dataclass(frozen=True)
class ReviserOptions(HeadOptions):
    """Options of one training of the reviser. Lengths are images seen; sizes are px.

    image_size: side of a close-up.
    close_up: side of a close-up as a share of the picture's short side. Whole pictures are image_size / close_up wide.
    least_enlargement, most_enlargement: range of the factor by which drafts are enlarged.
    """

    __pydantic_config__ = STRICT

    images: int = 800
    average_half_life: float = 200.0
    log_every: int = 160
    sample_every: int = 400
    checkpoint_every: int = 400
    rate: float = 1e-3
    least_crop: float = 0.8
    close_up: float = 0.5
    least_enlargement: float = 1.3
    most_enlargement: float = 2.0
    reviser: ReviserConfig = ReviserConfig()
    critic: CriticConfig = CriticConfig((24, 48, 96))
    weights: ReviserWeights = ReviserWeights()
    critic_rate: float = 1e-3
    penalty_every: int = 4  # steps between gradient penalties, each then weighted by as much

    @property
    def whole(self) -> int:
        """Side of whole pictures, px."""
        return round(self.image_size / self.close_up / 2) * 2

    def __post_init__(self) -> None:
        if self.batch_size < 2:
            raise ValueError("images must be at least batch_size, and batch_size at least 2")
        super().__post_init__()
        check_positive(self, "penalty_every", "critic_rate")
        if not 0.1 <= self.close_up <= 1:
            raise ValueError(f"close_up is {self.close_up}: it is a share, from 0.1 to 1")
        if not 1 <= self.least_enlargement <= self.most_enlargement <= 4:
            raise ValueError("enlargements must be 1 to 4, the least not above the most")
