"""The reviser as a head: how it is trained, packed, loaded and measured."""

from typing import TYPE_CHECKING, Any

from stylefuse.tasks.head import Head, HeadData, HeadEvaluation, Measured
from stylefuse.tasks.stylize.reviser_options import ReviserOptions

if TYPE_CHECKING:
    from torch import Tensor

    from stylefuse.networks.encoder import Encoder
    from stylefuse.networks.generator import Generator
    from stylefuse.networks.weights import Weights
    from stylefuse.tasks.stylize.reviser import Reviser
    from stylefuse.tasks.stylize.reviser_training import ReviserTraining


def _build(data: HeadData, options: ReviserOptions) -> "ReviserTraining":
    from functools import partial

    from stylefuse.tasks.stylize.reviser_measure import draw_revisions
    from stylefuse.tasks.stylize.reviser_training import ReviserTraining

    draw = partial(draw_revisions, data.generator, data.shown)
    return ReviserTraining(data.store, data.rows_by_style, data.generator, options, draw)


def _pack(reviser: "Reviser", **facts: Any) -> "Weights":
    from stylefuse.tasks.stylize.reviser import pack_reviser

    return pack_reviser(reviser, **facts)


def _load(weights: "Weights", encoder: "Encoder") -> "Reviser":
    from stylefuse.tasks.stylize.reviser import load_reviser

    return load_reviser(weights)


def _measure(
    reviser: "Reviser", generator: "Generator", photos: "Tensor", options: HeadEvaluation
) -> Measured:
    from stylefuse.tasks.stylize.reviser_measure import measure

    return measure(reviser, generator, photos)


REVISER = Head(
    weights="reviser",
    reports="revision",
    pipeline="train_reviser",
    options=ReviserOptions,
    code=("stylefuse.tasks.stylize.reviser_training",),
    build=_build,
    pack=_pack,
    load=_load,
    measure=_measure,
    from_paintings=True,
)
