"""The upscaler as a head that needs no encoder: how it is trained, packed, loaded and measured."""

from typing import TYPE_CHECKING, Any

from stylefuse.tasks.head import Head, HeadData, Measured
from stylefuse.tasks.upscale.options import UpscaleEvaluation, UpscaleOptions

if TYPE_CHECKING:
    from torch import Tensor

    from stylefuse.networks.encoder import Encoder
    from stylefuse.networks.generator import Generator
    from stylefuse.networks.weights import Weights
    from stylefuse.tasks.upscale.network import Upscaler
    from stylefuse.tasks.upscale.training import UpscaleTraining


def _build(data: HeadData, options: UpscaleOptions) -> "UpscaleTraining":
    from functools import partial

    from stylefuse.tasks.upscale.measure import draw_enlarged
    from stylefuse.tasks.upscale.network import Upscaler
    from stylefuse.tasks.upscale.training import UpscaleTraining

    new = partial(Upscaler, options.upscaler)
    return UpscaleTraining(new, data.store, data.photos, options, partial(draw_enlarged, data.shown))


def _pack(upscaler: "Upscaler", **facts: Any) -> "Weights":
    from stylefuse.tasks.upscale.network import pack_upscaler

    return pack_upscaler(upscaler, **facts)


def _load(weights: "Weights", encoder: "Encoder") -> "Upscaler":
    from stylefuse.tasks.upscale.network import load_upscaler

    return load_upscaler(weights)


def _measure(
    upscaler: "Upscaler", generator: "Generator", photos: "Tensor", options: UpscaleEvaluation
) -> Measured:
    from stylefuse.tasks.upscale.measure import measure

    return measure(upscaler, photos)


UPSCALER = Head(
    weights="upscale_head",
    reports="upscale_head",
    pipeline="train_upscale",
    options=UpscaleOptions,
    evaluation=UpscaleEvaluation,
    code=("stylefuse.tasks.upscale.training",),
    reads_encoder=False,
    build=_build,
    pack=_pack,
    load=_load,
    measure=_measure,
)
