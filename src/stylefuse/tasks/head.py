"""What a task with a trained head declares: how the head is trained, packed, loaded and measured.

From this the pipeline that trains and measures the head is made (`pipelines/train_head`). Modules that declare a head
are read wherever pipelines are listed, so the functions of a `Head` import torch when they are called.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from stylefuse.training.options import STRICT, HeadOptions

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from PIL.Image import Image
    from torch import Tensor, nn

    from stylefuse.images.store import ImageStore
    from stylefuse.networks.encoder import Encoder
    from stylefuse.networks.generator import Generator
    from stylefuse.networks.weights import Weights
    from stylefuse.training.trainer import Training


class HeadData(NamedTuple):
    """What a head learns from.

    store: decoded pictures.
    rows_by_style: its rows to learn from: photos, then the paintings of each style.
    shown: held-out photos for sample grids, N×3×S×S in [-1, 1].
    generator: frozen, on the training's device.
    """

    store: "ImageStore"
    rows_by_style: "Sequence[np.ndarray]"
    shown: "Tensor"
    generator: "Generator"

    @property
    def photos(self) -> "np.ndarray":
        return self.rows_by_style[0]


class Measured(NamedTuple):
    """What was measured on held-out photos.

    table: rows of results beside their baselines; caption: what the table's numbers are, a sentence.
    summary: numbers to compare runs by.
    sheets: pictures to look at, by file name without ending.
    """

    table: "pd.DataFrame"
    caption: str
    summary: dict[str, float]
    sheets: "dict[str, Image]"


@dataclass(frozen=True)
class HeadEvaluation:
    """How a head is measured."""

    __pydantic_config__ = STRICT

    photos: int = 60  # held-out photos at most
    image_size: int = 128  # px

    def __post_init__(self) -> None:
        if self.photos < 1 or self.image_size < 32:
            raise ValueError("photos must be at least 1, and image_size at least 32")


@dataclass(frozen=True, kw_only=True)
class Head:
    """A small network; most read the generator's frozen encoder. All functions are module-level, to be pickled.

    weights: name of its weights, dataset and file.
    reports: prefix of its datasets, metrics and report files. Where this and `weights` are `<task>_head`, the catalog
        needs no entries.
    pipeline: that trains and measures it; also its section of the parameters.
    from_paintings: whether it learns from paintings too, and on pictures of the generator. Then it is trained again
        when these change; else only when the photos or the encoder change.
    code: dotted names of the modules that decide the outcome of the training; what they import counts too.
    build: data, options → the training about to begin; its `ema` is kept.
    pack: network, facts as keywords → its weights, these facts included.
    load: weights, encoder → the network in eval mode. `networks.encoder.check_encoder` tells whether they match.
    measure: network, generator, photos N×3×S×S in [-1, 1], evaluation options → results.
    options: `HeadOptions`, or a subclass with defaults for all fields.
    evaluation: `HeadEvaluation`, or a subclass with defaults for all fields.
    chain: the pipeline to run again when the generator has another encoder; by default `pipeline`.
    reads_encoder: whether it reads the generator's encoder; one that does not fits every generator.
    sample_photos: number of photos in a sample grid.
    """

    weights: str
    reports: str
    pipeline: str
    code: tuple[str, ...]
    build: "Callable[[HeadData, Any], Training]"
    pack: "Callable[..., Weights]"
    load: "Callable[[Weights, Encoder], nn.Module]"
    measure: "Callable[[Any, Generator, Tensor, Any], Measured]"
    options: type[HeadOptions] = HeadOptions
    evaluation: type[HeadEvaluation] = HeadEvaluation
    chain: str = ""
    from_paintings: bool = False
    reads_encoder: bool = True
    sample_photos: int = 3

    @property
    def trained_by(self) -> str:
        """The pipeline to run where the head is missing or of another encoder."""
        return self.chain or self.pipeline

    def check(self, weights: "Weights", encoder: "Encoder", fingerprint: str | None) -> None:
        """Raise ValueError for weights that read another encoder than this one of a generator.

        Args:
            fingerprint: of the generator.
        """
        from stylefuse.networks.encoder import check_encoder

        if self.reads_encoder:
            check_encoder(weights.facts, encoder, fingerprint, self.weights, self.trained_by)

    def default_parameters(self) -> dict[str, Any]:
        """Return the section of the parameters that applies where no file states one."""
        training, evaluation = asdict(self.options()), asdict(self.evaluation())
        return {"restart": False, "training": training, "evaluation": evaluation}
