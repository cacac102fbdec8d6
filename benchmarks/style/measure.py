"""Everything that is measured of one method on the held-out pictures."""

from functools import partial
from typing import Any

from tqdm import tqdm

from benchmarks.style.data import Data
from benchmarks.style.faults import faults
from benchmarks.style.methods import Method
from benchmarks.style.patch_judge import PatchJudge, judged_by_patches
from stylefuse.evaluation.brush import brush_features, brush_scores
from stylefuse.evaluation.heldout import HeldOut, Twins
from stylefuse.evaluation.restyled import extract_features, score_content, score_style, score_truth
from stylefuse.evaluation.summary import plain


def measure_method(
    data: Data,
    pictures: HeldOut,
    twins: dict[str, Twins],
    method: Method,
    patches: PatchJudge,
) -> dict[str, dict[str, Any]]:
    """Return by style "judge", "distances", "content" and "truth", as in the evaluation of a generator, and "patches",
    "brush" and "faults".

    Left out is what only our generator has: strength, identity, patch retrieval by its own encoder.
    """
    extract = partial(
        extract_features, judge=data.judge, batch_size=data.evaluation.batch_size, device=data.device
    )
    photos, results = extract(pictures.photos), {}
    for index, style in enumerate(tqdm(data.styles[1:], "measuring", mininterval=5), start=1):
        paintings, known = pictures.paintings[style], twins.get(style)
        fakes = method.paint(pictures.photos, index)
        scores = score_style(
            extract(fakes), photos, extract(paintings), data.judge_classes[index], data.evaluation
        )
        sets = {"fakes": fakes, "photos": pictures.photos, "paintings": paintings}
        strokes = [brush_features(each) for each in sets.values()]
        results[style] = plain(
            {
                **scores,
                "content": score_content(pictures.photos, fakes),
                "truth": score_truth(known and method.paint(known.clean, index), known),
                "patches": judged_by_patches(patches, data, index, sets),
                "brush": brush_scores(*strokes, data.evaluation),
                "faults": faults(data, patches, index, sets, scores["judge"]),
            }
        )
    return results
