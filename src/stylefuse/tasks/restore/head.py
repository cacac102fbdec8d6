"""The restorer as a head that needs no encoder: how it is trained, packed, loaded and measured."""

from typing import TYPE_CHECKING, Any

from stylefuse.tasks.head import Head, HeadData, Measured
from stylefuse.tasks.restore.options import RestoreEvaluation, RestoreOptions

if TYPE_CHECKING:
    from torch import Tensor

    from stylefuse.networks.encoder import Encoder
    from stylefuse.networks.generator import Generator
    from stylefuse.networks.weights import Weights
    from stylefuse.tasks.restore.network import Restorer
    from stylefuse.tasks.restore.training import RestoreTraining


def _build(data: HeadData, options: RestoreOptions) -> "RestoreTraining":
    from functools import partial

    from stylefuse.tasks.restore.sheet import draw_restored
    from stylefuse.tasks.restore.training import RestoreTraining

    draw = partial(draw_restored, photos=data.shown, seed=0)
    return RestoreTraining(data.store, data.photos, options, draw)


def _pack(restorer: "Restorer", **facts: Any) -> "Weights":
    from stylefuse.tasks.restore.network import pack_restorer

    return pack_restorer(restorer, **facts)


def _load(weights: "Weights", encoder: "Encoder") -> "Restorer":
    from stylefuse.tasks.restore.network import load_restorer

    return load_restorer(weights)


def _measure(
    restorer: "Restorer", generator: "Generator", photos: "Tensor", options: RestoreEvaluation
) -> Measured:
    from stylefuse.tasks.restore.measure import measure, summarise
    from stylefuse.tasks.restore.sheet import draw_restored

    table = measure(restorer, photos, options.seed)
    caption = (
        "PSNR in dB against the photo, of filled pictures within the hole. Rules know the noise and the hole; the "
        "restorer estimates the noise and is given the hole."
    )
    sheet = draw_restored(restorer, photos[:4], options.seed)
    return Measured(table, caption, summarise(table), {"restored": sheet})


RESTORER = Head(
    weights="restorer",
    reports="restoration",
    pipeline="train_restore",
    options=RestoreOptions,
    evaluation=RestoreEvaluation,
    code=("stylefuse.tasks.restore.training",),
    reads_encoder=False,
    build=_build,
    pack=_pack,
    load=_load,
    measure=_measure,
)
