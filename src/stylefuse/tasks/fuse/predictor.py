"""Fuse a set of pictures into one, with a report of how it was done."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from stylefuse._progress import part
from stylefuse.images.align import AlignError
from stylefuse.images.align import align as align_pictures
from stylefuse.images.alignment_check import Alignment, Finding, check_alignment
from stylefuse.images.deep import deep_to_tensor
from stylefuse.images.luma import luma
from stylefuse.tasks.fuse.impossible_modes import look_like_scans
from stylefuse.tasks.fuse.modes import AUTO, BLEND, MAX_PICTURES, MIN_PICTURES, MODES
from stylefuse.tasks.fuse.params import FuseParams
from stylefuse.tasks.fuse.scene import join_scene
from stylefuse.tasks.fuse.tiled import fuse_any_size
from stylefuse.tasks.task import Networks, Result
from stylefuse.tasks.validation import RequestError
from stylefuse.tasks.warned import Warned, report_part

MIN_SIDE = 16
# A guessed mode less probable than this is a warning.
UNSURE = 0.5
# A seam across which pictures differ more than this, in [0, 1], is a warning.
VISIBLE_SEAM = 0.1
# From best to worst: the verdict on a set is the worst of its pictures'.
VERDICTS = ("registered", "unsure", "shifted", "unrelated")


class FusePredictor:
    """Fuses sets of pictures."""

    def __init__(self, networks: Networks):
        self._fuser: Any = networks.head("fuser")
        self._device, self._lock = networks.device, networks.lock

    def check(self, params: FuseParams) -> None:
        """Refuse to align pictures of different places."""
        if params.mode == BLEND and params.align:
            remedy = "leave it out, or use another mode"
            raise RequestError("align", "pictures of different places cannot be aligned", remedy)

    def predict(self, pictures: Sequence[np.ndarray], params: FuseParams) -> Result:
        """Fuse two to eight pictures of one scene.

        Args:
            pictures: each H×W or H×W×3, uint8 or uint16 (see `images.deep.decode_deep`), of one size unless they
                are to be aligned.

        Returns:
            The picture: uint16 if any input is, else uint8; H×W if all inputs are grey, else H×W×3. One map a picture
            under "weights", h×w float in [0, 1], at the picture's size or a fraction of it; they sum to one. The
            report: `mode`; `mode_automatic`, whether it was detected; `mode_probabilities`; `pixels_from`, the share
            of each input; `registration`, a `verdict` on the set and on each of its `pictures` with its shift `dx`,
            `dy` against the first in pixels (None where it is unknown), and how each was moved (`motions`, empty
            unless aligned); `aligned`; `crop`, left, top, right, bottom of what is left of the first input, or None;
            `warnings` and `warning_facts`, see `tasks.warned`. Pictures count from 1, in the order given. Of medical
            pictures it also holds `not_for_diagnosis`, true. In the mode "blend" the set's `verdict` is "beside" or
            "below", how the pictures lie, and of `pictures` nothing is said; `seam_difference` is how far they differ
            across the seam.

        Raises:
            RequestError: too few or too many pictures, too small, of different sizes, or they cannot be aligned.
        """
        mode = params.mode
        _check(pictures, params.align or mode == BLEND)
        if mode == BLEND:
            return _blended(pictures)
        with self._lock:
            with part(0, 0.1):
                aligned, registration = _registered(pictures, params.align)
            with part(0.1, 1):
                fused = fuse_any_size(self._fuser, aligned, None if mode == AUTO else mode, self._device)
        picture = _grey(fused.picture) if all(each.ndim == 2 for each in pictures) else fused.picture
        used = max(fused.mode, key=fused.mode.__getitem__)
        shares = np.array([weight.mean(dtype=np.float64) for weight in fused.weights])
        warnings = _warnings(registration, params.align)
        if mode == AUTO and fused.mode[used] < UNSURE:
            sentence = (
                f"the mode was detected as {used} with low confidence: set mode to one of {', '.join(MODES)}"
            )
            warnings.append(Warned("mode_unsure", sentence, {"mode": used}))
        report = {
            "mode": used,
            "mode_automatic": mode == AUTO,
            "mode_probabilities": {name: round(value, 4) for name, value in fused.mode.items()},
            "pixels_from": [round(share, 4) for share in (shares / shares.sum()).tolist()],
            **_registration_report(registration, params.align),
            **report_part(warnings),
        }
        if used == "multimodal" and _look_like_scans(aligned):
            report["not_for_diagnosis"] = True
        return Result(picture, report, {"weights": fused.weights})


def _refused(code: str, message: str, remedy: str, pictures: Sequence[int] = ()) -> RequestError:
    return RequestError("image", message, remedy, code, pictures)


def _blended(pictures: Sequence[np.ndarray]) -> Result:
    """Join pictures of different places in one scene."""
    scene = join_scene(pictures)
    warnings = []
    if scene.difference > VISIBLE_SEAM:
        sentence = "the pictures differ along every possible seam, so that the join may be visible"
        warnings.append(Warned("seam", sentence))
    verdict = "below" if scene.below else "beside"
    report = {
        "mode": BLEND,
        "mode_automatic": False,
        "mode_probabilities": {},
        "pixels_from": [round(float(weight.mean()), 4) for weight in scene.weights],
        "seam_difference": round(scene.difference, 4),
        "registration": {"verdict": verdict, "pictures": [], "motions": []},
        "aligned": False,
        "crop": None,
        **report_part(warnings),
    }
    picture = _grey(scene.picture) if all(each.ndim == 2 for each in pictures) else scene.picture
    return Result(picture, report, {"weights": scene.weights})


def _look_like_scans(pictures: Sequence[np.ndarray]) -> bool:
    return bool(look_like_scans(torch.stack([deep_to_tensor(each) for each in pictures])[None])[0])


def _check(pictures: Sequence[np.ndarray], any_size: bool) -> None:
    if not MIN_PICTURES <= len(pictures) <= MAX_PICTURES:
        count = "1 picture" if len(pictures) == 1 else f"{len(pictures)} pictures"
        remedy = f"give {MIN_PICTURES} to {MAX_PICTURES} pictures of one scene"
        raise _refused("count", f"the set has {count}", remedy)
    sizes = [f"{each.shape[1]}×{each.shape[0]}" for each in pictures]
    for i, each in enumerate(pictures):
        if min(each.shape[:2]) < MIN_SIDE:
            message = f"picture {i + 1} is {sizes[i]} pixels"
            raise _refused("too_small", message, f"use pictures of {MIN_SIDE} pixels a side or more", [i + 1])
        if not any_size and sizes[i] != sizes[0]:
            message = f"picture {i + 1} is {sizes[i]} pixels, picture 1 {sizes[0]}"
            raise _refused("sizes", message, "bring them to one size, or ask for align=true", [i + 1])


def _registered(pictures: Sequence[np.ndarray], align: bool) -> tuple[Sequence[np.ndarray], Alignment]:
    if not align:
        return pictures, check_alignment(pictures)
    try:
        aligned, registration = align_pictures(pictures)
    except AlignError as error:
        message, _, remedy = str(error).partition(": ")
        raise _refused("align_failed", message, remedy or "take the picture out of the set") from None
    if min(aligned[0].shape[:2]) < MIN_SIDE:
        message = f"after alignment the pictures overlap by fewer than {MIN_SIDE} pixels a side"
        raise _refused("align_failed", message, "use larger pictures, or some that overlap more")
    return aligned, registration


def _warnings(registration: Alignment, aligned: bool) -> list[Warned]:
    """Warnings about pictures that do not lie on the first one."""
    warnings = []
    for i, finding in enumerate(registration.findings[1:], 2):
        if finding.verdict == "unrelated":
            sentence = f"pictures 1 and {i} do not seem to show the same scene"
            remedy = f"to join different places, set mode to {BLEND}"
            warnings.append(Warned("unrelated", f"{sentence}: {remedy}", {"picture": i}))
        elif finding.verdict == "shifted":
            distance = round(float(np.hypot(finding.dx, finding.dy)))
            sentence = f"picture {i} seems shifted by {distance} px against picture 1"
            code, remedy = ("still_shifted", "") if aligned else ("shifted", ": ask for align=true")
            warnings.append(Warned(code, f"{sentence}{remedy}", {"picture": i, "pixels": distance}))
        elif finding.verdict == "unsure":
            sentence = f"too little of picture {i} agrees with picture 1 to tell whether it lies on it"
            warnings.append(Warned("unsure", sentence, {"picture": i}))
    return warnings


def _registration_report(registration: Alignment, aligned: bool) -> dict[str, Any]:
    """What the report says of how the pictures lie on the first one."""
    findings = registration.findings
    return {
        "registration": {
            "verdict": max((finding.verdict for finding in findings), key=VERDICTS.index),
            "pictures": [_place(finding) for finding in findings],
            "motions": [motion.method for motion in registration.motions],
        },
        "aligned": aligned,
        "crop": registration.crop and list(registration.crop),
    }


def _place(finding: Finding) -> dict[str, Any]:
    known = finding.verdict in ("registered", "shifted")
    dx, dy = (round(finding.dx, 1), round(finding.dy, 1)) if known else (None, None)
    return {"verdict": finding.verdict, "dx": dx, "dy": dy}


def _grey(picture: np.ndarray) -> np.ndarray:
    """Luma of H×W×3, of the same depth; what is grey already stays as it is."""
    return np.rint(luma(picture)).astype(picture.dtype)
