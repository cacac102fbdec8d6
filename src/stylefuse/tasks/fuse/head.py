"""The fuser as a head: how it is trained, packed, loaded and measured."""

from typing import TYPE_CHECKING, Any

from stylefuse.tasks.fuse.options import FusionEvaluation, FusionOptions
from stylefuse.tasks.head import Head, HeadData, Measured

if TYPE_CHECKING:
    from torch import Tensor

    from stylefuse.networks.encoder import Encoder
    from stylefuse.networks.generator import Generator
    from stylefuse.networks.weights import Weights
    from stylefuse.tasks.fuse.network import Fuser
    from stylefuse.tasks.fuse.training import FusionTraining


def _build(data: HeadData, options: FusionOptions) -> "FusionTraining":
    import numpy as np

    from stylefuse.tasks.fuse.pairs import KINDS, synthesise
    from stylefuse.tasks.fuse.sheet import draw_pairs
    from stylefuse.tasks.fuse.training import FusionTraining

    shown = data.shown
    pairs = {kind: synthesise(kind, shown, 2, np.random.default_rng(0), unseen=True) for kind in KINDS}
    return FusionTraining(
        data.store,
        data.photos,
        data.generator.encoder,
        options,
        lambda fuser: draw_pairs(fuser, pairs, shown),
    )


def _pack(fuser: "Fuser", **facts: Any) -> "Weights":
    from stylefuse.tasks.fuse.network import pack_fuser

    return pack_fuser(fuser, **facts)


def _load(weights: "Weights", encoder: "Encoder") -> "Fuser":
    from stylefuse.tasks.fuse.network import build_fuser

    return build_fuser(weights, encoder)


def _measure(fuser: "Fuser", generator: "Generator", photos: "Tensor", options: FusionEvaluation) -> Measured:
    from stylefuse.tasks.fuse.measure import contact_sheet_of, measure, summarise

    table = measure(fuser, photos, options.inputs, options.seed)
    caption = "PSNR in dB against the known truth; `ssim` and `mode_right` are of the fuser."
    sheet = contact_sheet_of(fuser, photos[:4], options.seed)
    return Measured(table, caption, summarise(table), {"fused": sheet})


FUSER = Head(
    weights="fuser",
    reports="fusion",
    pipeline="train_fuser",
    options=FusionOptions,
    evaluation=FusionEvaluation,
    code=("stylefuse.tasks.fuse.training",),
    build=_build,
    pack=_pack,
    load=_load,
    measure=_measure,
    chain="train_fusion",
)
