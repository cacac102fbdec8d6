"""Restore a picture: noise, JPEG's traces, scratches, and holes that a mask names."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from stylefuse.tasks.restore.head import RESTORER
from stylefuse.tasks.restore.params import RestoreParams
from stylefuse.tasks.task import Batch, Networks, Predictor, Result, Task

ALTERED = "_altered.png"


def _predictor(networks: Networks) -> Predictor:
    from stylefuse.tasks.restore.predictor import RestorePredictor

    return RestorePredictor(networks)


def _cells(report: Mapping[str, Any]) -> dict[str, str]:
    cells = {name: json.dumps(report[name]) for name in ("noise", "quality")}
    return cells | {name: f"{report[name]:.4%}" for name in ("given", "found", "altered")}


def _files(result: Result, labels: Sequence[str]) -> dict[str, bytes]:
    from PIL import Image

    from stylefuse.images.io import encode_png

    return {ALTERED: encode_png(Image.fromarray(result.maps["altered"][0]).convert("L"))}


TASK = Task(
    name="restore",
    summary="Remove noise, JPEG's traces and scratches from a picture",
    params=RestoreParams,
    predictor=_predictor,
    needs=("generator", RESTORER.weights),
    also={"mask": "a picture of the same size, bright where the picture is to be filled"},
    maps={"altered": "which pixels were changed", "filled": "which pixels were filled"},
    batch=Batch(
        done="restored",
        columns=("noise", "quality", "given", "found", "altered"),
        cells=_cells,
        files=_files,
        endings=(ALTERED,),
    ),
    head=RESTORER,
)
