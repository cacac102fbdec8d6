"""Paint drafts: what the generator makes of a small picture, and remedies of two of its faults."""

import numpy as np
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from stylefuse.images.io import to_image, to_tensor
from stylefuse.images.luma import batch_luma
from stylefuse.networks.generator import Generator
from stylefuse.tasks.stylize.repaint import repaint

BORDER = 8  # px that are painted beyond each border of the picture
SMOOTHINGS = 2  # means over 3×3 pixels of the colour that the generator adds
# Pixels that are held as float32 at a time.
_BAND = 1_000_000


def paint_draft(generator: Generator, photo: Image.Image, rows: Tensor, whole_pixels: int) -> Image.Image:
    """Return G(photo, rows) without a light frame.

    The frame lies in what is reflected beyond the border, and is cut off.

    Args:
        rows: weights over the generator's rows, 1×rows, on its device.
        whole_pixels: see `repaint`.
    """
    above, aside = (min(BORDER, n - 1) for n in (photo.height, photo.width))
    around = np.pad(np.asarray(photo), ((above, above), (aside, aside), (0, 0)), mode="reflect")
    painted = repaint(generator, Image.fromarray(around), rows, whole_pixels)
    return painted.crop((aside, above, aside + photo.width, above + photo.height))


def smooth_colours(draft: Image.Image, photo: Image.Image) -> Image.Image:
    """Remove coloured dots: average over some pixels the colour that was added to the photo; luma keeps its strokes.

    No loss of the training sees colour this fine, and paintings have four times less of it than G.
    """
    out = Image.new("RGB", draft.size)
    lines = max(_BAND // draft.width, 1)
    for top in range(0, draft.height, lines):
        first, last = max(top - SMOOTHINGS, 0), min(top + lines + SMOOTHINGS, draft.height)
        new, old = (to_tensor(p.crop((0, first, draft.width, last)))[None] for p in (draft, photo))
        change = new - old
        grey = batch_luma(change)
        colour = change - grey
        for _ in range(SMOOTHINGS):
            colour = F.avg_pool2d(F.pad(colour, (1,) * 4, mode="replicate"), 3, stride=1)
        smoothed = (old + grey + colour)[0, :, top - first :][:, :lines]
        out.paste(to_image(smoothed.clamp(-1, 1)), (0, top))
    return out
