"""Fusion of pictures of any size: the weights are computed at a reduced size, the pixels are blended at full size."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from stylefuse._progress import tell
from stylefuse.networks.pyramid import down, from_luma_chroma, gaussian, laplacian, to_luma_chroma, up
from stylefuse.tasks.fuse.blend import (
    Plan,
    apply_tone,
    blend,
    blend_level,
    bound,
    replace_rejected,
    wiener_filter,
)
from stylefuse.tasks.fuse.cues import against_set, band_energy
from stylefuse.tasks.fuse.modes import MODES
from stylefuse.tasks.fuse.network import Fuser

# Above this many pixels the fuser looks at the pictures at half the size, or a quarter, …
WORK_PIXELS = 1_000_000
# Rows of the full picture in memory at a time.
STRIP = 256


class LargeFused(NamedTuple):
    """A fused picture of any size.

    picture: H×W×3, of the inputs' depth.
    weights: one h×w float32 array a picture in [0, 1], at the size at which was decided; they sum to one.
    mode: probability of each of `MODES` that was used.
    """

    picture: np.ndarray
    weights: list[np.ndarray]
    mode: dict[str, float]


@torch.inference_mode()
def fuse_any_size(
    fuser: Fuser,
    pictures: Sequence[np.ndarray],
    mode: str | None = None,
    device: torch.device | str = "cpu",
    work_pixels: int = WORK_PIXELS,
) -> LargeFused:
    """Fuse one set.

    Up to `work_pixels` this is the fuser itself. Above, the pictures are halved until they are no larger; the
    fuser decides there. Finer levels of the pyramid follow the same weights, enlarged along the edges of the
    full picture by a guided filter (He et al. 2013), the same trust in local energy and the same amount of
    noise taken out. What the residual branch changes is enlarged as it is.

    Args:
        pictures: two to eight, all H×W or H×W×3 of one size, uint8 or uint16.
        mode: one of `MODES`; None lets the fuser guess.

    Raises:
        ValueError: the sizes differ, or the mode is unknown.
    """
    sizes = {picture.shape[:2] for picture in pictures}
    if len(sizes) != 1:
        raise ValueError(f"the pictures have {len(sizes)} sizes: bring them to one, or have them aligned")
    if mode is not None and mode not in MODES:
        raise ValueError(f"there is no mode {mode!r}: use one of {', '.join(MODES)}")
    height, width = sizes.pop()
    depth = max((picture.dtype for picture in pictures), key=lambda dtype: dtype.itemsize)
    asked = (
        None if mode is None else F.one_hot(torch.tensor([MODES.index(mode)]), len(MODES)).float().to(device)
    )
    halvings = 0
    while height * width / 4**halvings > work_pixels:
        halvings += 1
    if halvings == 0:
        x = _pixels(pictures, 0, height, width, device)
        fused = fuser(x[None], asked)
        weights, used = fused.weights[0, :, 0], fused.mode[0]
        return LargeFused(_rounded(fused.picture[0], depth), _as_arrays(weights), _named(used))
    return _fuse_in_strips(fuser, pictures, asked, device, halvings, depth)


def _fuse_in_strips(
    fuser: Fuser,
    pictures: Sequence[np.ndarray],
    asked: Tensor | None,
    device: torch.device | str,
    halvings: int,
    depth: np.dtype,
) -> LargeFused:
    height, width = pictures[0].shape[:2]
    scale = fuser.config.stride * 2**halvings
    tall, wide = (-(-side // scale) * scale for side in (height, width))
    small = _halved(pictures, halvings, tall, wide, device)
    plan = fuser.plan_multiscale(small[None], asked)
    decided = _decide(fuser, small[None], plan)
    tell(0.3)
    out = np.empty((height, width, 3), depth)
    # A strip and what the pyramid's filters and the guided filter reach beyond it.
    step = 2**halvings  # finer levels need no more of a strip's sides than that they can be halved
    margin, rows = 8 * step, max(STRIP // step, 1) * step
    for top in range(0, height, rows):
        first, last = max(0, top - margin), min(tall, top + rows + margin)
        x = _pixels(pictures, first, last, wide, device)
        strip = _strip(x, plan, decided, first, last, halvings)
        bottom = min(top + rows, height)
        out[top:bottom] = _rounded(strip[:, top - first : bottom - first, :width], depth)
        tell(0.3 + 0.7 * bottom / height)
    weights = decided.weights[0, :, 0, : -(-height // 2**halvings), : -(-width // 2**halvings)]
    return LargeFused(out, _as_arrays(weights), _named(plan.mode[0]))


class _Decided(NamedTuple):
    """At the small size: the fused picture in luma and chroma, its weights, and the inputs' luma as guide."""

    picture: Tensor
    weights: Tensor
    guide: Tensor


def _decide(fuser: Fuser, small: Tensor, plan: Plan) -> _Decided:
    picture, weights = blend(small, plan)
    picture = picture + fuser.residual(picture, plan)
    guide = to_luma_chroma(small.flatten(0, 1))[:, :1]
    return _Decided(to_luma_chroma(picture), weights, guide)


def _strip(x: Tensor, plan: Plan, decided: _Decided, first: int, last: int, halvings: int) -> Tensor:
    """Rows `first` to `last` of the fused picture, 3×h×W in [-1, 1]."""
    rows = slice(first >> halvings, last >> halvings)
    n = len(x)
    guide = decided.guide[..., rows, :]
    own = to_luma_chroma(x)[:, :1]
    replace, shrink = plan.replace[0, ..., rows, :], plan.shrink[0][..., rows, :]
    logits = _enlarged(plan.luma[0][0, ..., rows, :], guide, own, halvings)
    trust = plan.trust[0, ..., rows, :]
    for _ in range(halvings):
        trust, replace, shrink = up(trust), up(replace), up(shrink)
    x, _ = replace_rejected(apply_tone(x[None], plan.tone), replace[None], logits[None])
    parts = laplacian(to_luma_chroma(x[0]), halvings)
    logits_at, trust_at, shrink_at = (gaussian(each, halvings) for each in (logits, trust, shrink))
    fused = decided.picture[..., rows, :]
    for level in reversed(range(halvings)):
        energy = band_energy(parts[level][:, :1])
        here = (logits_at[level] + trust_at[level] * against_set(energy, n))[None]
        sets = parts[level].unflatten(0, (1, n))
        fused = up(fused) + wiener_filter(blend_level(sets, here, here), sets, shrink_at[level])
    return bound(from_luma_chroma(fused), x, plan.bounded)[0]


def _enlarged(small: Tensor, guide: Tensor, full: Tensor, halvings: int) -> Tensor:
    """Double n×1×h×w so often, along the edges of `full`: fast guided filter (He and Sun 2015), radius 2."""

    def mean(x: Tensor) -> Tensor:
        return F.avg_pool2d(F.pad(x, (2, 2, 2, 2), mode="replicate"), 5, stride=1)

    mean_guide, mean_small = mean(guide), mean(small)
    variance = mean(guide * guide) - mean_guide**2
    slope = (mean(guide * small) - mean_guide * mean_small) / (variance + 1e-3)
    offset = mean_small - slope * mean_guide
    for _ in range(halvings):
        slope, offset = up(slope), up(offset)
    return slope * full + offset


def _halved(
    pictures: Sequence[np.ndarray], halvings: int, tall: int, wide: int, device: torch.device | str
) -> Tensor:
    """All pictures, n×3×h×w in [-1, 1], halved so often; read in strips."""
    scale = 2**halvings
    strips, margin = [], 4 * scale
    for top in range(0, tall, STRIP * 4):
        bottom = min(top + STRIP * 4, tall)
        first, last = max(0, top - margin), min(tall, bottom + margin)
        x = _pixels(pictures, first, last, wide, device)
        for _ in range(halvings):
            x = down(x)
        strips.append(x[..., (top - first) // scale : (bottom - first) // scale, :])
    return torch.cat(strips, 2)


def _pixels(
    pictures: Sequence[np.ndarray], first: int, last: int, wide: int, device: torch.device | str
) -> Tensor:
    """Rows `first` to `last` of all pictures, n×3×h×wide in [-1, 1]; border pixels repeat beyond a picture."""
    strips = []
    for picture in pictures:
        rows = picture[first : min(last, len(picture))]
        if len(rows) == 0:
            rows = picture[-1:]
        x = torch.from_numpy(rows.astype(np.float32)) * (2 / np.iinfo(picture.dtype).max) - 1
        x = x[None].expand(3, -1, -1) if x.ndim == 2 else x.permute(2, 0, 1)
        pad = (0, wide - x.shape[2], 0, last - first - x.shape[1])
        strips.append(F.pad(x[None], pad, mode="replicate") if any(pad) else x[None])
    return torch.cat(strips).to(device)


def _rounded(picture: Tensor, depth: np.dtype) -> np.ndarray:
    """3×H×W in [-1, 1] as H×W×3 levels of that depth."""
    most = np.iinfo(depth).max
    levels = picture.add(1).mul(most / 2).round_().clamp_(0, most).permute(1, 2, 0)
    return levels.cpu().numpy().astype(depth)


def _as_arrays(weights: Tensor) -> list[np.ndarray]:
    return [weight.float().cpu().numpy() for weight in weights]


def _named(mode: Tensor) -> dict[str, float]:
    return dict(zip(MODES, mode.float().tolist(), strict=True))
