"""All that can be turned in a training, as frozen dataclasses: nothing changes them while it runs."""

from dataclasses import asdict, dataclass
from typing import Any

from stylefuse.networks.config import CriticConfig, GeneratorConfig

# Read by pydantic where parameters are typed: a key that is not here is refused by name.
STRICT = {"extra": "forbid"}


def check_training(options: Any, stride: int, positive: tuple[str, ...]) -> None:
    """What every training with checkpoints asks of its options.

    Args:
        options: with `least_crop`, `image_size`, `device` and `precision`.
        stride: that the pictures' side must be a multiple of.
        positive: names of the options that must be above 0.

    Raises:
        ValueError: it names the option.
    """
    _check_crop(options.least_crop)
    if options.image_size % stride or options.image_size < 32:
        raise ValueError(f"image_size must be a multiple of {stride}, at least 32")
    for name in positive:
        if getattr(options, name) <= 0:
            raise ValueError(f"{name} is {getattr(options, name)}: it must be above 0")
    _check_device(options.device)
    if options.precision not in ("auto", "fp32", "bf16"):
        raise ValueError(f"precision is {options.precision!r}: use auto, fp32 or bf16")


def _check_device(name: str) -> None:
    if name not in ("auto", "cpu", "cuda"):
        raise ValueError(f"device is {name!r}: use auto, cpu or cuda")


def _check_crop(least: float) -> None:
    if not 0 < least <= 1:
        raise ValueError(f"least_crop is {least}: it is a share, above 0 and up to 1")


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

    def __post_init__(self):
        if min(asdict(self).values()) < 0 or self.photo_negative >= 1:
            raise ValueError("weights must not be negative, and photo_negative must stay below 1")


@dataclass(frozen=True)
class HybridOptions:
    """One adversarial training. Lengths are images seen, sizes px."""

    __pydantic_config__ = STRICT

    images: int = 6_000
    batch_size: int = 8
    image_size: int = 128
    least_crop: float = 0.6  # smallest crop, share of a picture's short side
    generator: GeneratorConfig = GeneratorConfig()
    critic: CriticConfig = CriticConfig()
    weights: LossWeights = LossWeights()
    generator_rate: float = 1e-3
    style_rate_factor: float = 10.0
    critic_rate: float = 1e-3
    constant_share: float = 0.7
    average_half_life: float = 800.0
    penalty_every: int = 4  # steps between gradient penalties, each then weighted by as much
    nce_places: int = 64
    log_every: int = 400
    sample_every: int = 2_000
    checkpoint_every: int = 1_000
    seed: int = 7
    precision: str = "auto"  # auto, fp32 or bf16
    device: str = "auto"  # auto, cpu or cuda
    compile: bool = False
    strategy: str = "single"  # single, or ddp: several processes that share every batch
    devices: int = 1  # processes a machine, each on a GPU of its own where there are GPUs
    keep_checkpoints: int = 2

    def __post_init__(self):
        if self.images < self.batch_size or self.batch_size < 2:
            raise ValueError("images must be at least batch_size, and batch_size at least 2")
        counts = ("log_every", "sample_every", "checkpoint_every", "keep_checkpoints", "devices")
        positive = ("average_half_life", "penalty_every", "nce_places", *counts)
        check_training(self, self.generator.stride, positive)
        if min(self.generator_rate, self.critic_rate, self.style_rate_factor) < 0:
            raise ValueError("generator_rate, critic_rate and style_rate_factor must not be negative")
        if self.strategy not in ("single", "ddp"):
            raise ValueError(f"strategy is {self.strategy!r}: use single or ddp")
        if self.strategy == "single" and self.devices != 1:
            raise ValueError(f"devices is {self.devices}: more than one need strategy ddp")
        if self.batch_size % self.devices:
            raise ValueError(
                f"batch_size is {self.batch_size}: it must be a multiple of devices, {self.devices}"
            )

    def identity(self) -> dict[str, Any]:
        """What decides the outcome, for fingerprints: how often it is logged or drawn, and where it runs, do not.

        Where it runs (device, compile, strategy, devices) changes roundings alone, so a training that lost its GPU
        or half of its processes may go on without.
        """
        around = ("log_every", "sample_every", "checkpoint_every", "keep_checkpoints")
        places = ("device", "compile", "strategy", "devices")
        return {name: value for name, value in asdict(self).items() if name not in around + places}


@dataclass(frozen=True)
class ClassifierOptions:
    """One classifier training, of C or of J. Lengths are images seen, sizes px."""

    __pydantic_config__ = STRICT

    images: int = 6_000
    batch_size: int = 32
    image_size: int = 128
    least_crop: float = 0.5
    rate: float = 2e-3
    label_smoothing: float = 0.1
    degrade: bool = True  # tone, blur, noise, JPEG-like loss on what it learns from
    seed: int = 7
    device: str = "auto"  # auto, cpu or cuda

    def __post_init__(self):
        if self.images < self.batch_size or self.batch_size < 2:
            raise ValueError("images must be at least batch_size, and batch_size at least 2")
        _check_crop(self.least_crop)
        _check_device(self.device)

    def identity(self) -> dict[str, Any]:
        """What decides the outcome, for fingerprints: where it runs changes roundings alone."""
        return {name: value for name, value in asdict(self).items() if name != "device"}
