"""Fuse two to eight pictures of one scene into one."""

from collections.abc import Mapping, Sequence
from typing import Any

from stylefuse.tasks.fuse.head import FUSER
from stylefuse.tasks.fuse.modes import AUTO, BLEND, MAX_PICTURES, MIN_PICTURES, NOISE
from stylefuse.tasks.fuse.params import FuseParams
from stylefuse.tasks.task import Batch, Networks, Predictor, Result, Size, Task
from stylefuse.tasks.validation import RequestError

WEIGHTS = "_weights.png"


def _predictor(networks: Networks) -> Predictor:
    from stylefuse.tasks.fuse.predictor import FusePredictor

    return FusePredictor(networks)


def _size(sizes: Sequence[Size], params: FuseParams) -> Size | None:
    return None if params.align else sizes[0]  # aligned pictures are cropped


def _repaints(params: FuseParams) -> bool:
    # Else the inputs' own pixels of one scene; what the network adds repairs noise and clipping. A blend shows a place
    # that does not exist.
    return params.mode == BLEND


def _for_frames(params: FuseParams) -> FuseParams:
    if params.align:
        raise RequestError("align", "frames of a clip are aligned in any case", "leave it out")
    if params.mode not in (AUTO, NOISE):
        raise RequestError(
            "mode", "frames of a clip are fused against noise", f"use {NOISE}, or leave it out"
        )
    return params.model_copy(update={"mode": NOISE})


def _cells(report: Mapping[str, Any]) -> dict[str, str]:
    return {"mode": report["mode"], "registration": report["registration"]["verdict"]}


def _files(result: Result, labels: Sequence[str]) -> dict[str, bytes]:
    from stylefuse.images.io import encode_png
    from stylefuse.tasks.fuse.weights_sheet import weights_sheet

    return {WEIGHTS: encode_png(weights_sheet(result.maps["weights"], labels))}


TASK = Task(
    name="fuse",
    summary=f"Fuse {MIN_PICTURES} to {MAX_PICTURES} pictures of one scene",
    params=FuseParams,
    predictor=_predictor,
    pictures=(MIN_PICTURES, MAX_PICTURES),
    around=2,
    for_frames=_for_frames,
    needs=("generator", "fuser"),
    maps={"weights": "the share taken from each picture, a map a picture"},
    deep=True,
    size=_size,
    batch=Batch(
        results="fused",
        done="fused",
        columns=("mode", "registration"),
        cells=_cells,
        files=_files,
        endings=(WEIGHTS,),
    ),
    repaints=_repaints,
    head=FUSER,
)
