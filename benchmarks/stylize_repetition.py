"""Do strokes repeat in the flat places of large pictures? python stylize_repetition.py GENERATOR FOLDER [SIDE].

For each style, `style_faults.repetition` of the photos restyled at SIDE px (768) along their longer side, and that of
the photos themselves. Both are cut into squares first, of which the flattest quarter is looked at.
"""

import json
import sys
from pathlib import Path

import torch
from style_faults import repetition
from torch import Tensor

from stylefuse.images.io import decode, to_tensor
from stylefuse.networks.weights import read_weights
from stylefuse.tasks.stylize.params import Look
from stylefuse.tasks.stylize.predictor import Restyler

SQUARE = 128  # px


def squares(picture: Tensor) -> Tensor:
    """3×H×W cut into N×3×128×128; what is left over at the right and below is dropped."""
    parts = picture.unfold(1, SQUARE, SQUARE).unfold(2, SQUARE, SQUARE)
    return parts.permute(1, 2, 0, 3, 4).reshape(-1, 3, SQUARE, SQUARE)


def main() -> None:
    restyle = Restyler(read_weights(Path(sys.argv[1])), device="cpu")
    photos = [decode(file) for file in sorted(Path(sys.argv[2]).iterdir())]
    side = int(sys.argv[3]) if len(sys.argv) > 3 else 768
    for photo in photos:
        photo.thumbnail((side, side))
    before = torch.cat([squares(to_tensor(photo)) for photo in photos])
    print(json.dumps({"photos": round(repetition(before, before), 3), "squares": len(before)}), flush=True)
    for style in restyle.styles[1:]:
        after = torch.cat([squares(to_tensor(restyle(photo, Look({style: 1.0})))) for photo in photos])
        print(json.dumps({style: round(repetition(after, before), 3)}), flush=True)


if __name__ == "__main__":
    main()
