"""Compare tiled inference with the whole picture at 1024×1024, for every style; prints JSON.

psnr in dB; levels: the largest difference of the outputs in levels of 8 bits; seam_gradient_ratio: the gradient across
the seams over that of the whole picture in the same places. "strips" is how pictures are served; "tiles_apart", for
comparison, restyles every strip by itself.
"""

import argparse
import json
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from benchmarks.common.models import load_bundle
from benchmarks.common.scenes import soft_picture
from stylefuse.images.io import decode, to_tensor
from stylefuse.networks.generator import Generator, style_weights
from stylefuse.networks.tiled import HEIGHT, Layer, repaint_tiled

SIZE, LINES = 1024, 128


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("generator", type=Path, help="weights of the generator")
    parser.add_argument("photo", type=Path, nargs="?", help="default: soft patches of colour")
    parser.add_argument("--size", type=int, default=SIZE, help="side in px, a multiple of 128 (%(default)s)")


@torch.inference_mode()
def run(options: argparse.Namespace) -> None:
    bundle, size = load_bundle(options.generator, device="cpu"), options.size
    generator = bundle.generator
    picture = decode(options.photo) if options.photo else soft_picture(size, size)
    x = to_tensor(picture.resize((size, size), Image.Resampling.LANCZOS))[None]
    for row, name in enumerate(bundle.styles[1:], 1):
        style = style_weights(torch.tensor([row]), generator.rows)
        whole = generator(x, style)
        tiles = torch.cat([generator(part, style) for part in x.split(LINES, HEIGHT)], HEIGHT)
        found = {"strips": in_strips(generator, x, style), "tiles_apart": tiles}
        print(json.dumps({"style": name} | {kind: compared(y, whole) for kind, y in found.items()}))


def in_strips(generator: Generator, x: Tensor, style: Tensor) -> Tensor:
    """Return x, 1×3×H×W, restyled strip by strip."""
    layer = Layer(lambda first, last: x[:, :, first:last], x.shape[HEIGHT], LINES, HEIGHT)
    return torch.cat([strip for _, _, strip in repaint_tiled(generator, layer, style)], HEIGHT)


def compared(found: Tensor, whole: Tensor) -> dict[str, float]:
    """Return the numbers named above; both 1×3×H×W in [-1, 1]."""
    seams = torch.arange(LINES, whole.shape[HEIGHT], LINES)
    steps = [(y[:, :, seams] - y[:, :, seams - 1]).abs().mean() for y in (found, whole)]
    return {
        "psnr": round(float(10 * torch.log10(4 / (found - whole).square().mean())), 1),
        "levels": round(float((found - whole).abs().max()) * 127.5, 4),
        "seam_gradient_ratio": round(float(steps[0] / steps[1]), 4),
    }
