"""Draw damaged photos beside what the restorer makes of them."""

import numpy as np
import torch
from PIL.Image import Image
from torch import Tensor

from stylefuse.images.grid import grid
from stylefuse.tasks.restore.cases import make_case
from stylefuse.tasks.restore.measure import params_for
from stylefuse.tasks.restore.network import Restorer
from stylefuse.tasks.restore.repair import repair

SHOWN = ("noise_25", "jpeg_10", "fill_strokes", "unseen_scratches", "untouched")


@torch.inference_mode()
def draw_restored(restorer: Restorer, photos: Tensor, seed: int) -> Image:
    """Draw a row for each damage: the damaged photo, the restored one and the truth of each photo.

    Args:
        photos: N×3×S×S in [-1, 1].
    """
    levels = photos.add(1).mul(127.5).round().clamp(0, 255).byte().permute(0, 2, 3, 1).cpu().numpy()
    rows = []
    for name in SHOWN:
        row = []
        for index, photo in enumerate(levels):
            case = make_case(name, np.ascontiguousarray(photo), index, seed)
            given = np.zeros(photo.shape[:2], bool) if case.hole is None else case.hole
            made = repair(restorer, case.picture, given, params_for(case))
            row += [_tensor(each) for each in (case.picture, made.picture, photo)]
        rows.append(row)
    return grid(rows, row_labels=list(SHOWN), column_labels=["damaged", "restored", "truth"] * len(levels))


def _tensor(picture: np.ndarray) -> Tensor:
    return torch.from_numpy(np.array(picture)).permute(2, 0, 1).float() / 127.5 - 1
