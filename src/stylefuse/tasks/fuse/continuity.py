"""Choose the undamaged picture at each place of a damaged set: damage has an abrupt border, the scene continues."""

from itertools import combinations

import cv2
import numpy as np
import torch
from torch import Tensor

from stylefuse.tasks.fuse.blend import Plan

# Pictures agree in a pixel where no channel differs by more levels than this. The larger thresholds are for compressed
# pictures: each is tried where the ones before decide nothing.
AGREE = (6.0, 12.0, 24.0)
# Agreement in fewer connected pixels than this is chance: a fill has the colour of the photo there.
CHANCE, REACH = 24, 9  # the second: px within which the differing pictures around it are looked up
# Steps at a border count up to this many levels: beyond it, a step says no more.
LARGEST_STEP = 48.0
# A picture is chosen if the step of every other one is larger by this factor, and this many levels, on average.
FACTOR, LEVELS = 1.5, 3.0
UNDECIDED = -1
# Added to the logit of a chosen picture: all others get a weight of zero.
SURE = 100.0


def continue_scene(x: Tensor, plan: Plan, damaged: Tensor) -> Plan:
    """Overrule the plan of damaged sets where one picture clearly continues the scene.

    Args:
        x: the pictures, N×n×3×H×W in [-1, 1].
        plan: of them.
        damaged: N bool; the other sets keep their plan.
    """
    if not damaged.any():
        return plan
    luma, replace = plan.luma[0].clone(), plan.replace.clone()
    for index in damaged.nonzero()[:, 0].tolist():
        levels = ((x[index] + 1) * 127.5).permute(0, 2, 3, 1).float().cpu().numpy()
        chosen = torch.from_numpy(choose_continuous(np.ascontiguousarray(levels))).to(x.device)
        picked = torch.stack([chosen == picture for picture in range(len(levels))])[:, None]
        luma[index] += SURE * picked
        replace[index] = replace[index].masked_fill(chosen != UNDECIDED, 1.0)
    return plan._replace(luma=[luma, *plan.luma[1:]], replace=replace)


def choose_continuous(pictures: np.ndarray) -> np.ndarray:
    """Choose for each place the picture that continues what is known around it.

    Where all pictures agree, the scene is known. The rest falls into segments in which the same pictures differ. At the
    border of a segment, an undamaged picture goes on as the scene does, and a damaged one has a step. A segment that is
    decided is known too, and helps to decide its neighbours.

    Args:
        pictures: n×H×W×3 float32 levels from 0 to 255.

    Returns:
        H×W integers: the picture to take; `UNDECIDED` where all agree, or where no picture stands out.
    """
    chosen = np.full(pictures.shape[1:3], UNDECIDED)
    for agree in AGREE:
        chosen = np.where(chosen == UNDECIDED, _chosen_at(pictures, agree), chosen)
    return chosen


def _chosen_at(pictures: np.ndarray, agree: float) -> np.ndarray:
    """As `choose_continuous`, with one threshold of agreement."""
    pairs = list(combinations(range(len(pictures)), 2))
    differ = [_differ(pictures[i] - pictures[j], agree) for i, j in pairs]
    bits = [each.astype(np.int64) << bit for bit, each in enumerate(differ)]
    segments, codes = _segments(np.sum(bits, axis=0))
    chosen = np.where(codes == 0, 0, UNDECIDED)  # of each segment; any picture does where all agree
    flat, scene = pictures.reshape(len(pictures), -1, 3), pictures.mean(axis=0).reshape(-1, 3)
    segment, border = segments.ravel(), _borders(segments)
    while True:
        new = _standing_out(_steps(flat, scene, segment, chosen, border), codes, pairs)
        found = new != UNDECIDED
        if not found.any():
            break
        chosen[found] = new[found]
        inside = found[segment].nonzero()[0]
        scene[inside] = flat[chosen[segment[inside]], inside]
    chosen[codes == 0] = UNDECIDED
    return chosen[segments]


def _differ(difference: np.ndarray, agree: float) -> np.ndarray:
    """Where two pictures differ, H×W, for their difference H×W×3: by more than rounding, and not by noise alone."""
    around = cv2.blur(difference, (3, 3))
    return (np.abs(difference).max(axis=2) > agree) & (np.abs(around).max(axis=2) > agree / 2)


def _segments(code: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Number the connected places of equal code, H×W, from 0, once chance agreement is filled; and the code of each."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats((code == 0).astype(np.uint8), connectivity=4)
    chance = stats[:, cv2.CC_STAT_AREA] < CHANCE
    around = cv2.dilate(code.astype(np.float64), np.ones((REACH, REACH), np.uint8)).astype(np.int64)
    code = np.where((code == 0) & chance[labels], around, code)
    segments = np.zeros(code.shape, np.int64)
    codes: list[int] = []
    for value in np.unique(code):
        mask = code == value
        count, labels = cv2.connectedComponents(mask.astype(np.uint8), connectivity=4)
        segments[mask] = labels[mask] - 1 + len(codes)
        codes += [value] * (count - 1)
    return segments, np.array(codes)


def _borders(segments: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pixels of one segment and their neighbours in another: two lists of indices, each pair in both orders."""
    index = np.arange(segments.size).reshape(segments.shape)
    across, down = segments[:, 1:] != segments[:, :-1], segments[1:] != segments[:-1]
    one = np.concatenate([index[:, 1:][across], index[1:][down]])
    other = np.concatenate([index[:, :-1][across], index[:-1][down]])
    return np.concatenate([one, other]), np.concatenate([other, one])


def _steps(
    flat: np.ndarray,
    scene: np.ndarray,
    segment: np.ndarray,
    chosen: np.ndarray,
    border: tuple[np.ndarray, np.ndarray],
) -> np.ndarray:
    """Mean step of each picture from the known scene into each undecided segment, n×segments; infinite: no border."""
    inner, outer = border
    wanted = (chosen[segment[inner]] == UNDECIDED) & (chosen[segment[outer]] != UNDECIDED)
    inner, outer = inner[wanted], outer[wanted]
    count = len(chosen)
    length = np.bincount(segment[inner], minlength=count)
    steps = np.abs(flat[:, inner] - scene[outer]).mean(axis=2).clip(0, LARGEST_STEP)
    total = np.stack([np.bincount(segment[inner], each, count) for each in steps])
    return np.where(length > 0, total / np.maximum(length, 1), np.inf)


def _standing_out(steps: np.ndarray, codes: np.ndarray, pairs: list[tuple[int, int]]) -> np.ndarray:
    """The picture whose step is clearly the smallest, for each segment; `UNDECIDED` where there is none.

    It is compared with the pictures that differ from it in the segment.
    """
    best = steps.argmin(axis=0)
    least = steps.min(axis=0)
    rival = np.full(least.shape, np.inf)
    for bit, (i, j) in enumerate(pairs):
        differ = (codes >> bit) & 1 == 1
        for one, other in ((i, j), (j, i)):
            here = differ & (best == one)
            rival[here] = np.minimum(rival[here], steps[other, here])
    clear = np.isfinite(least) & (rival > FACTOR * least) & (rival > least + LEVELS)
    return np.where(clear, best, UNDECIDED)
