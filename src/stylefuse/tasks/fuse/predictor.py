"""A loaded fuser, and a set of pictures fused with it into one, with a report of how that came about."""

import threading
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from PIL.Image import Image

from stylefuse.images.align import AlignError
from stylefuse.images.align import align as into_register
from stylefuse.images.alignment_check import Alignment, Finding, check_alignment
from stylefuse.images.deep import deep_to_tensor
from stylefuse.images.io import to_image
from stylefuse.images.luma import luma
from stylefuse.networks.generator import load_generator
from stylefuse.networks.weights import Weights
from stylefuse.tasks.fuse.modes import MODES
from stylefuse.tasks.fuse.network import load_fuser
from stylefuse.tasks.fuse.tiled import fuse_any_size

AUTO = "auto"
MIN_PICTURES, MAX_PICTURES = 2, 8
MIN_SIDE = 16
# A guessed mode less probable than this is a warning.
UNSURE = 0.5
# From best to worst: the verdict on a set is the worst of its pictures'.
VERDICTS = ("registered", "unsure", "shifted", "unrelated")


class CombineError(ValueError):
    """A set that cannot be fused: a stable `code`, a `message` with the reason, a `remedy`."""

    def __init__(self, code: str, message: str, remedy: str):
        super().__init__(f"{message}: {remedy}")
        self.code, self.message, self.remedy = code, message, remedy


class Combined(NamedTuple):
    """A fused picture, and how it came about.

    picture: uint16 if any input is, else uint8; H×W if all inputs are grey, else H×W×3.
    weights: of each input, h×w float in [0, 1], at the picture's size or a fraction of it; they sum to one.
    report: plain values for JSON; pictures count from 1, in the order given. `mode`; `mode_automatic`, whether it
        was guessed; `mode_probabilities`; `pixels_from`, the share of each input; `registration`, a `verdict` on
        the set and on each of its `pictures` with its shift `dx`, `dy` against the first in pixels (None where
        it is not known), as they were fused, and how each was moved (`motions`, empty unless aligned);
        `aligned`; `crop`, left, top, right, bottom of what is left of the first input, or None; `warnings`,
        sentences.
    """

    picture: np.ndarray
    weights: list[np.ndarray]
    report: dict[str, Any]


class Combiner:
    """Fuses sets of pictures; safe to share between threads.

    Args:
        generator: whose encoder the fuser reads.
        fuser: as written by the training pipeline.
        device: where the network runs; by default the first GPU, if there is one.

    Raises:
        ValueError: the fuser is of another generator.
    """

    def __init__(self, generator: Weights, fuser: Weights, device: str | None = None):
        self._device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        network = load_generator(generator).to(self._device)
        self._fuser = load_fuser(fuser, network, generator.facts.get("fingerprint")).to(self._device)
        # One set already keeps all cores busy; two at once would only need twice the memory.
        self._one_at_a_time = threading.Lock()

    def combine(self, pictures: Sequence[np.ndarray], mode: str = AUTO, align: bool = False) -> Combined:
        """Fuse two to eight pictures of one scene.

        Args:
            pictures: each H×W or H×W×3, uint8 or uint16 (see `images.deep.decode_deep`), of one size unless they
                are to be aligned.
            mode: what the pictures are to each other, one of `MODES`; "auto" has it guessed.
            align: bring them into register with the first one, and crop to what all show.

        Raises:
            CombineError: too few or too many pictures, too small, of different sizes, unknown mode, or pictures that
                could not be aligned.
        """
        _check(pictures, mode, align)
        with self._one_at_a_time:
            aligned, registration = _registered(pictures, align)
            fused = fuse_any_size(self._fuser, aligned, None if mode == AUTO else mode, self._device)
        picture = _grey(fused.picture) if all(each.ndim == 2 for each in pictures) else fused.picture
        used = max(fused.mode, key=fused.mode.__getitem__)
        shares = np.array([weight.mean(dtype=np.float64) for weight in fused.weights])
        report = {
            "mode": used,
            "mode_automatic": mode == AUTO,
            "mode_probabilities": {name: round(value, 4) for name, value in fused.mode.items()},
            "pixels_from": [round(share, 4) for share in (shares / shares.sum()).tolist()],
            **_told(registration, align),
        }
        if mode == AUTO and fused.mode[used] < UNSURE:
            warning = f"what the pictures are to each other was guessed as {used}, but not surely"
            report["warnings"].append(f"{warning}: ask for one of {', '.join(MODES)}")
        return Combined(picture, fused.weights, report)


def to_rgb(picture: np.ndarray) -> Image:
    """H×W or H×W×3, uint8 or uint16, as an RGB picture of 8 bits."""
    return to_image(deep_to_tensor(picture))


def _check(pictures: Sequence[np.ndarray], mode: str, align: bool) -> None:
    if mode not in (AUTO, *MODES):
        remedy = f"use one of {', '.join((AUTO, *MODES))}"
        raise CombineError("unknown_mode", f"there is no mode {mode!r}", remedy)
    if not MIN_PICTURES <= len(pictures) <= MAX_PICTURES:
        count = "1 picture" if len(pictures) == 1 else f"{len(pictures)} pictures"
        remedy = f"give {MIN_PICTURES} to {MAX_PICTURES} pictures of one scene"
        raise CombineError("count", f"the set has {count}", remedy)
    sizes = [f"{each.shape[1]}×{each.shape[0]}" for each in pictures]
    for i, each in enumerate(pictures):
        if min(each.shape[:2]) < MIN_SIDE:
            message = f"picture {i + 1} is {sizes[i]} pixels"
            raise CombineError("too_small", message, f"use pictures of {MIN_SIDE} pixels a side or more")
        if not align and sizes[i] != sizes[0]:
            message = f"picture {i + 1} is {sizes[i]} pixels, picture 1 {sizes[0]}"
            raise CombineError("sizes", message, "bring them to one size, or ask for align=true")


def _registered(pictures: Sequence[np.ndarray], align: bool) -> tuple[Sequence[np.ndarray], Alignment]:
    if not align:
        return pictures, check_alignment(pictures)
    try:
        aligned, registration = into_register(pictures)
    except AlignError as error:
        message, _, remedy = str(error).partition(": ")
        raise CombineError("align_failed", message, remedy or "take the picture out of the set") from None
    if min(aligned[0].shape[:2]) < MIN_SIDE:
        message = f"after alignment the pictures overlap by fewer than {MIN_SIDE} pixels a side"
        raise CombineError("align_failed", message, "use larger pictures, or some that overlap more")
    return aligned, registration


def _told(registration: Alignment, aligned: bool) -> dict[str, Any]:
    """What the report says of how the pictures lie on the first one."""
    findings, warnings = registration.findings, []
    for i, finding in enumerate(findings[1:], 2):
        if finding.verdict == "unrelated":
            warnings.append(f"pictures 1 and {i} do not seem to show the same scene")
        elif finding.verdict == "shifted":
            distance = round(float(np.hypot(finding.dx, finding.dy)))
            remedy = "" if aligned else ": ask for align=true"
            warnings.append(f"picture {i} seems shifted by {distance} px against picture 1{remedy}")
        elif finding.verdict == "unsure":
            warnings.append(f"too little of picture {i} agrees with picture 1 to tell whether it lies on it")
    return {
        "registration": {
            "verdict": max((finding.verdict for finding in findings), key=VERDICTS.index),
            "pictures": [_place(finding) for finding in findings],
            "motions": [motion.method for motion in registration.motions],
        },
        "aligned": aligned,
        "crop": registration.crop and list(registration.crop),
        "warnings": warnings,
    }


def _place(finding: Finding) -> dict[str, Any]:
    known = finding.verdict in ("registered", "shifted")
    dx, dy = (round(finding.dx, 1), round(finding.dy, 1)) if known else (None, None)
    return {"verdict": finding.verdict, "dx": dx, "dy": dy}


def _grey(picture: np.ndarray) -> np.ndarray:
    """Luma of H×W×3, of the same depth; what is grey already stays as it is."""
    return np.rint(luma(picture)).astype(picture.dtype)
