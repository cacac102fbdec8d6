"""Paint a picture of any size with strokes of a given size relative to it: a draft, then revisions up to full size."""

import itertools
import math

import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from stylefuse._progress import part, tell
from stylefuse.images.io import to_image, to_tensor
from stylefuse.networks.generator import Generator
from stylefuse.tasks.stylize.draft import paint_draft, smooth_colours
from stylefuse.tasks.stylize.repaint import WHOLE_PIXELS, repaint
from stylefuse.tasks.stylize.reviser import BLOCK, Reviser

# Pixels of a strip that is revised at a time: larger ones do not fit the caches.
STRIP_PIXELS = 300_000
# A draft that is enlarged by less than this is painted at the larger size at once.
LEAST_ENLARGEMENT = 1.2
# A pixel of the draft takes about as long as so many that are revised.
DRAFT_COST = 4
Size = tuple[int, int]  # width, height


def paint(
    generator: Generator,
    reviser: Reviser | None,
    picture: Image.Image,
    rows: Tensor,
    stroke_size: float = 1.0,
    whole_pixels: int = WHOLE_PIXELS,
) -> Image.Image:
    """Restyle an RGB picture of any size.

    Args:
        reviser: None: the generator paints at the picture's own size, with strokes of as many pixels in every picture.
        rows: weights over the generator's rows, 1×rows, on its device.
        stroke_size: relative to the picture; 1: as large in it as in the paintings. Strokes cannot be finer than the
            picture's own pixels allow.
        whole_pixels: see `repaint`.
    """
    if reviser is None:
        return repaint(generator, picture, rows, whole_pixels)
    sizes = sizes_of(picture.size, reviser.config.draft_side / stroke_size)
    photo = _reduced(picture, sizes[0])
    costs = [width * height * (1 if n else DRAFT_COST) for n, (width, height) in enumerate(sizes)]
    shares = [cost / sum(costs) for cost in itertools.accumulate(costs)]
    with part(0, shares[0]):
        draft = paint_draft(generator, photo, rows, whole_pixels)
    # In smaller pictures it would take colour from strokes.
    if min(picture.size) >= reviser.config.draft_side:
        draft = smooth_colours(draft, photo)
    for size, (before, after) in zip(sizes[1:], itertools.pairwise(shares), strict=True):
        smaller, photo = photo, _reduced(picture, size)
        with part(before, after):
            draft = revise(reviser, draft, photo, smaller, rows)
    return draft


def sizes_of(size: Size, draft_side: float) -> list[Size]:
    """Sizes of the draft and of each revision, the last one `size`: each at most twice as large as the one before."""
    enlargement = min(size) / draft_side
    if enlargement < LEAST_ENLARGEMENT:
        return [size]
    steps = math.ceil(math.log2(enlargement))
    scales = [1 / enlargement, *(2.0**-k for k in range(steps - 1, 0, -1))]
    return [(max(1, round(size[0] * s)), max(1, round(size[1] * s))) for s in scales] + [size]


def revise(
    reviser: Reviser, draft: Image.Image, photo: Image.Image, smaller: Image.Image, rows: Tensor
) -> Image.Image:
    """Enlarge a draft to the photo's size and revise it, in strips that come to the same as the whole.

    Args:
        smaller: the photo at the draft's size.
    """
    width, height = photo.size
    enlarged, soft = (p.resize(photo.size, Image.Resampling.BICUBIC) for p in (draft, smaller))
    out = Image.new("RGB", photo.size)
    lines, margin = max(STRIP_PIXELS // width // BLOCK * BLOCK, 8 * BLOCK), reviser.margin
    for top in range(0, height, lines):
        first, last = max(top - margin, 0), min(top + lines + margin, height)
        # A strip of few lines at the lower border would leave the convolutions too little to reflect.
        first = max(min(first, last - 4 * BLOCK) // BLOCK * BLOCK, 0)
        strips = [_strip(p, first, last, rows.device) for p in (enlarged, photo, soft)]
        revised = reviser(strips[0], strips[1], strips[1] - strips[2], rows, (first, 0))[0]
        end = min(top + lines, height)
        out.paste(to_image(revised[:, top - first : end - first, :width].clamp(-1, 1)), (0, top))
        tell(end / height)
    return out


def _strip(picture: Image.Image, first: int, last: int, device: torch.device) -> Tensor:
    """Lines of a picture as 1×3×h×w, repeated at the right and lower border up to a multiple of `BLOCK`."""
    x = to_tensor(picture.crop((0, first, picture.width, last)))[None].to(device)
    right, bottom = -x.shape[3] % BLOCK, -x.shape[2] % BLOCK
    return F.pad(x, (0, right, 0, bottom), mode="replicate") if right or bottom else x


def _reduced(picture: Image.Image, size: Size) -> Image.Image:
    if picture.size == size:
        return picture
    # In two steps where much is reduced: the first one, by a whole number, is fast and takes little away.
    return picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
