"""Measure the upscaler beside classical enlargement, on photos that were made smaller."""

import numpy as np
import pandas as pd
import torch
from PIL import Image
from torch import Tensor

from stylefuse.images.grid import grid
from stylefuse.images.io import to_image, to_tensor
from stylefuse.images.luma import batch_luma
from stylefuse.metrics.similarity import psnr, ssim
from stylefuse.tasks.head import Measured
from stylefuse.tasks.upscale.config import SCALES
from stylefuse.tasks.upscale.network import MOST_NOISE, Upscaler
from stylefuse.tasks.upscale.pairs import add_noise
from stylefuse.tasks.upscale.resampling import as_levels, enlarge, reduce
from stylefuse.tasks.upscale.tiled import enlarge_any_size

SHEET_PHOTOS = 4
# Deviation of the noise of the noisy rows, levels of 8 bits.
NOISE = 15.0


@torch.inference_mode()
def measure(upscaler: Upscaler, photos: Tensor) -> Measured:
    """Measure photos, N×3×S×S in [-1, 1], made smaller by each scale, and enlarged again."""
    photos = _whole_multiple(photos)
    lines = []
    for scale in SCALES:
        small = as_levels(reduce(photos, scale))
        random = np.random.default_rng(scale)
        noisy = torch.stack([add_noise(each, NOISE, random) for each in small])
        for name, given, denoise in (("clean", small, 0.0), ("noisy", noisy, NOISE / MOST_NOISE)):
            bicubic, lanczos = enlarge(given, scale).clamp(-1, 1), _lanczos(given, scale)
            faithful, detailed = (_enlarged(upscaler, given, scale, denoise, d) for d in (0.0, 1.0))
            lines.append(
                {
                    "scale": scale,
                    "input": name,
                    "bicubic": float(psnr(bicubic, photos).mean()),
                    "lanczos": float(psnr(lanczos, photos).mean()),
                    "upscaler": float(psnr(faithful, photos).mean()),
                    "upscaler_detail": float(psnr(detailed, photos).mean()),
                    "ssim": float(ssim(batch_luma(faithful), batch_luma(photos), 2.0).mean()),
                    "texture": texture(faithful, photos, scale),
                    "texture_detail": texture(detailed, photos, scale),
                    "returns": float(psnr(as_levels(reduce(faithful, scale)), given).mean()),
                }
            )
    caption = (
        "PSNR in dB against the photo. upscaler_detail: at detail 1. ssim: of luma, at detail 0. texture: deviation of "
        "what the small picture cannot hold, over that of the photo. returns: PSNR in dB between the small picture "
        f"and the result made smaller. noisy: Gaussian noise of deviation {NOISE:g}, and denoise set to it."
    )
    table, summary = pd.DataFrame(lines), {}
    for _, line in table[table["input"] == "clean"].iterrows():
        name = f"x{line['scale']}"
        summary[f"{name}_psnr"] = float(line["upscaler"])
        summary[f"{name}_lead"] = float(line["upscaler"] - line["bicubic"])
        summary[f"{name}_returns"] = float(line["returns"])
    sheet = draw_enlarged(photos[:SHEET_PHOTOS], upscaler)
    return Measured(table, caption, summary, {"enlarged": sheet})


@torch.inference_mode()
def draw_enlarged(photos: Tensor, upscaler: Upscaler) -> Image.Image:
    """Draw photos, and, for each scale, bicubic enlargement and the upscaler's at detail 0 and 1."""
    photos = _whole_multiple(photos)
    rows, labels = [list(photos)], ["photo"]
    for scale in SCALES:
        small = as_levels(reduce(photos, scale))
        rows.append(list(enlarge(small, scale).clamp(-1, 1)))
        rows += [list(_enlarged(upscaler, small, scale, 0.0, detail)) for detail in (0.0, 1.0)]
        labels += [f"x{scale} bicubic", f"x{scale}", f"x{scale} detail"]
    return grid(rows, row_labels=labels)


def texture(made: Tensor, truth: Tensor, scale: int) -> float:
    """Return the deviation of what is lost when pictures are made smaller, over that of the truth; N×3×H×W each."""
    made, truth = (batch_luma(x) for x in (made, truth))
    fine, real = (x - enlarge(reduce(x, scale), scale) for x in (made, truth))
    return float(fine.std() / real.std())


def _enlarged(upscaler: Upscaler, small: Tensor, scale: int, denoise: float, detail: float) -> Tensor:
    made = [enlarge_any_size(upscaler, to_image(each), scale, denoise, detail) for each in small]
    return torch.stack([to_tensor(each) for each in made])


def _lanczos(small: Tensor, scale: int) -> Tensor:
    height, width = (side * scale for side in small.shape[2:])
    made = [to_image(each).resize((width, height), Image.Resampling.LANCZOS) for each in small]
    return torch.stack([to_tensor(each) for each in made])


def _whole_multiple(photos: Tensor) -> Tensor:
    """Cut sides to a multiple of the largest scale."""
    most = max(SCALES)
    return photos[:, :, : photos.shape[2] // most * most, : photos.shape[3] // most * most]
