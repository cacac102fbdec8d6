"""Compare strips with the whole picture at 1024×1024: python stylize_any_size.py GENERATOR [PHOTO].

Prints PSNR in dB, the largest difference of the networks' outputs in levels of 8 bits, and the gradient across the
seams over that of the whole picture there; for strips, and beside them for tiles that know nothing of each other.
"""

import json
import sys
from pathlib import Path

import torch
from PIL import Image
from stylize_memory import soft_picture
from torch import Tensor

from stylefuse.images.io import decode, to_tensor
from stylefuse.networks.generator import Generator, load_generator, style_weights
from stylefuse.networks.tiled import HEIGHT, Layer, repaint_tiled
from stylefuse.networks.weights import read_weights

SIZE, LINES = 1024, 128


def in_strips(generator: Generator, x: Tensor, style: Tensor) -> Tensor:
    layer = Layer(lambda first, last: x[:, :, first:last], SIZE, LINES, HEIGHT)
    return torch.cat([strip for _, _, strip in repaint_tiled(generator, layer, style)], HEIGHT)


def compared(found: Tensor, whole: Tensor) -> dict[str, float]:
    seams = torch.arange(LINES, SIZE, LINES)
    steps = [(y[:, :, seams] - y[:, :, seams - 1]).abs().mean() for y in (found, whole)]
    return {
        "psnr": round(float(10 * torch.log10(4 / (found - whole).square().mean())), 1),
        "levels": round(float((found - whole).abs().max()) * 127.5, 4),
        "seam_gradient_ratio": round(float(steps[0] / steps[1]), 4),
    }


@torch.inference_mode()
def main() -> None:
    generator = load_generator(weights := read_weights(Path(sys.argv[1])))
    picture = decode(Path(sys.argv[2])) if len(sys.argv) > 2 else soft_picture(SIZE, SIZE)
    x = to_tensor(picture.resize((SIZE, SIZE), Image.Resampling.LANCZOS))[None]
    for row, name in enumerate(weights.facts["styles"][1:], 1):
        style = style_weights(torch.tensor([row]), generator.rows)
        whole = generator(x, style)
        tiles = torch.cat([generator(part, style) for part in x.split(LINES, HEIGHT)], HEIGHT)
        found = {"strips": in_strips(generator, x, style), "tiles_apart": tiles}
        print(json.dumps({"style": name} | {kind: compared(y, whole) for kind, y in found.items()}))


if __name__ == "__main__":
    main()
