"""Restyle a photo in the manner of the paintings that the generator has learned from."""

import json
from collections.abc import Mapping
from typing import Any

from stylefuse.tasks.stylize.params import StylizeParams
from stylefuse.tasks.stylize.reviser_head import REVISER
from stylefuse.tasks.task import Batch, Networks, Predictor, Task


def _predictor(networks: Networks) -> Predictor:
    from stylefuse.tasks.stylize.predictor import StylizePredictor

    return StylizePredictor(networks)


def _repaints(params: StylizeParams) -> bool:
    return params.strength > 0  # at 0 the pixels are the photo's


def _cells(report: Mapping[str, Any]) -> dict[str, str]:
    return {"look": json.dumps(report, ensure_ascii=False)}


TASK = Task(
    name="stylize",
    summary="Restyle a photo",
    params=StylizeParams,
    predictor=_predictor,
    needs=("generator",),
    appended_by=("style", "strength"),
    maps={
        "moved": "how much each place was changed: CIEDE2000, white for 50 and more",
        "classifier": "which places make the classifier see the style: white where they do so most",
        "critic": "where the critic finds the result more like a painting than the photo: white where it is sure",
    },
    explained_by=("classifier", "critic"),
    batch=Batch(results="stylized", done="restyled", columns=("look",), cells=_cells),
    repaints=_repaints,
    flickers=True,
    head=REVISER,
    rank=0,
)
