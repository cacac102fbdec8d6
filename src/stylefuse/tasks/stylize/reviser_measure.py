"""Measure and show what the reviser adds to drafts of held-out photos."""

from functools import partial

import pandas as pd
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from stylefuse.images.grid import grid
from stylefuse.images.io import to_image, to_tensor
from stylefuse.metrics.content import edge_correlation
from stylefuse.metrics.similarity import psnr
from stylefuse.networks.generator import Generator, style_weights
from stylefuse.tasks.head import Measured
from stylefuse.tasks.stylize.paint import revise
from stylefuse.tasks.stylize.repaint import repaint
from stylefuse.tasks.stylize.reviser import Reviser

SHEET_PHOTOS = 4


@torch.inference_mode()
def measure(reviser: Reviser, generator: Generator, photos: Tensor) -> Measured:
    """Measure drafts of half the photos' size, enlarged and revised, for each style.

    Args:
        photos: N×3×S×S in [-1, 1].
    """
    lines, sheet = [], [list(photos[:SHEET_PHOTOS])]
    half, of_photos = partial(F.adaptive_avg_pool2d, output_size=photos.shape[2] // 2), _fine(photos)
    for row in range(1, generator.rows):
        enlarged, revised = (
            torch.stack(p) for p in zip(*_both(reviser, generator, photos, row), strict=True)
        )
        lines.append(
            {
                "row": row,
                "look_kept": float(psnr(half(revised), half(enlarged)).mean()),
                "edges_enlarged": float(edge_correlation(photos, enlarged).mean()),
                "edges_revised": float(edge_correlation(photos, revised).mean()),
                "fine_detail_enlarged": _fine(enlarged) / of_photos,
                "fine_detail_revised": _fine(revised) / of_photos,
            }
        )
        sheet += [list(enlarged[:SHEET_PHOTOS]), list(revised[:SHEET_PHOTOS])]
    table = pd.DataFrame(lines)
    caption = (
        "look_kept: PSNR in dB between draft and revision, both at half size. edges: correlation with the photo's. "
        "fine_detail: deviation of what vanishes at half size, over that of the photo."
    )
    summary = {name: float(table[name].mean()) for name in table.columns if name != "row"}
    return Measured(table, caption, summary, {"revised": grid(sheet)})


@torch.inference_mode()
def draw_revisions(generator: Generator, photos: Tensor, reviser: Reviser) -> Image.Image:
    """Draw photos, then enlarged drafts and revisions of each style."""
    rows = [list(photos)]
    for row in range(1, generator.rows):
        rows += [list(pictures) for pictures in zip(*_both(reviser, generator, photos, row), strict=True)]
    return grid(rows)


def _both(reviser: Reviser, generator: Generator, photos: Tensor, row: int) -> list[tuple[Tensor, Tensor]]:
    """For each photo the enlarged draft of half its size, and the revision, 3×S×S each."""
    weights = style_weights(torch.tensor([row]), generator.rows).to(next(reviser.parameters()).device)
    pairs = []
    for photo in photos:
        whole = to_image(photo)
        small = whole.resize((whole.width // 2, whole.height // 2), Image.Resampling.LANCZOS)
        draft = repaint(generator, small, weights)
        enlarged = draft.resize(whole.size, Image.Resampling.BICUBIC)
        pairs.append((to_tensor(enlarged), to_tensor(revise(reviser, draft, whole, small, weights))))
    return pairs


def _fine(x: Tensor) -> float:
    small = F.adaptive_avg_pool2d(x, x.shape[2] // 2)
    return float((x - F.interpolate(small, x.shape[2:], mode="bilinear", align_corners=False)).std())
