"""Options of trainings, as frozen dataclasses."""

from dataclasses import asdict, dataclass
from typing import Any

# Read by pydantic where parameters are typed: it refuses unknown keys by name.
STRICT = {"extra": "forbid"}
# Options that change only how often results are shown, or where the training runs. Where it runs (device, compile,
# strategy, devices) changes roundings alone, so a training may be resumed on another device or fewer processes.
_NOT_FINGERPRINTED = {
    *("log_every", "sample_every", "checkpoint_every", "keep_checkpoints"),
    *("device", "compile", "strategy", "devices"),
}


@dataclass(frozen=True)
class TrainingOptions:
    """Options of every training that the Trainer runs. Lengths are images seen; sizes are px."""

    __pydantic_config__ = STRICT

    images: int = 6_000
    batch_size: int = 8
    image_size: int = 128
    least_crop: float = 0.6  # smallest crop, share of a picture's short side
    constant_share: float = 0.7  # of the run at the full learning rate
    average_half_life: float = 800.0  # of the moving average of weights (EMA)
    log_every: int = 400
    sample_every: int = 2_000
    checkpoint_every: int = 1_000
    seed: int = 7
    precision: str = "auto"  # auto, fp32 or bf16
    device: str = "auto"  # auto, cpu or cuda
    strategy: str = "single"  # single, or ddp: several processes that share every batch
    devices: int = 1  # processes a machine, each on a GPU of its own where there are GPUs
    keep_checkpoints: int = 2

    @property
    def stride(self) -> int:
        """The side of training pictures is a multiple of this, px."""
        return 1

    def __post_init__(self) -> None:
        if self.images < self.batch_size or self.batch_size < 1:
            raise ValueError("images must be at least batch_size, and batch_size at least 1")
        if self.image_size % self.stride or self.image_size < 32:
            raise ValueError(f"image_size must be a multiple of {self.stride}, at least 32")
        lengths = ("average_half_life", "log_every", "sample_every", "checkpoint_every")
        check_positive(self, *lengths, "keep_checkpoints", "devices")
        _check_crop(self.least_crop)
        _check_device(self.device)
        if self.precision not in ("auto", "fp32", "bf16"):
            raise ValueError(f"precision is {self.precision!r}: use auto, fp32 or bf16")
        if self.strategy not in ("single", "ddp"):
            raise ValueError(f"strategy is {self.strategy!r}: use single or ddp")
        if self.strategy == "single" and self.devices != 1:
            raise ValueError(f"devices is {self.devices}: more than one need strategy ddp")
        self.check_shared("batch_size", self.batch_size)

    def check_shared(self, name: str, size: int) -> None:
        """Refuse a batch that the processes cannot share equally."""
        if size % self.devices:
            raise ValueError(f"{name} is {size}: it must be a multiple of devices, {self.devices}")

    def fingerprinted(self) -> dict[str, Any]:
        """Return the options that decide the outcome: these count for the fingerprint."""
        return {name: value for name, value in asdict(self).items() if name not in _NOT_FINGERPRINTED}


@dataclass(frozen=True)
class HeadOptions(TrainingOptions):
    """Options of the training of a head, see `HeadTraining`."""

    __pydantic_config__ = STRICT

    rate: float = 1e-3  # learning rate

    def __post_init__(self) -> None:
        super().__post_init__()
        check_positive(self, "rate")


@dataclass(frozen=True)
class ClassifierOptions:
    """Options of one classifier training, with the defaults of C. Lengths are images seen; sizes are px."""

    __pydantic_config__ = STRICT

    images: int = 6_000
    batch_size: int = 32
    image_size: int = 128
    least_crop: float = 0.5  # smallest crop, share of a picture's short side
    rate: float = 2e-3
    label_smoothing: float = 0.1
    degrade: bool = True  # change tone, blur, add noise and JPEG-like loss to training pictures
    seed: int = 7
    device: str = "auto"  # auto, cpu or cuda

    def __post_init__(self) -> None:
        if self.images < self.batch_size or self.batch_size < 2:
            raise ValueError("images must be at least batch_size, and batch_size at least 2")
        _check_crop(self.least_crop)
        _check_device(self.device)

    def fingerprinted(self) -> dict[str, Any]:
        """Return the options that decide the outcome: where it runs changes roundings alone."""
        return {name: value for name, value in asdict(self).items() if name != "device"}


@dataclass(frozen=True)
class JudgeOptions(ClassifierOptions):
    """The same with the defaults of J."""

    __pydantic_config__ = STRICT

    images: int = 6_400
    least_crop: float = 0.8
    rate: float = 3e-3
    degrade: bool = False
    seed: int = 11


def check_positive(options: Any, *names: str) -> None:
    """Raise ValueError for the first of the named options that is not above 0."""
    for name in names:
        if getattr(options, name) <= 0:
            raise ValueError(f"{name} is {getattr(options, name)}: it must be above 0")


def _check_device(name: str) -> None:
    if name not in ("auto", "cpu", "cuda"):
        raise ValueError(f"device is {name!r}: use auto, cpu or cuda")


def _check_crop(least: float) -> None:
    if not 0 < least <= 1:
        raise ValueError(f"least_crop is {least}: it is a share, above 0 and up to 1")
