"""Align the neighbours of each frame of a shot with it, along optical flow."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

import cv2
import numpy as np

from stylefuse.images.noise import noise_level
from stylefuse.video.flow import fetched, flow, inside, unmoved
from stylefuse.video.pixels import Frame
from stylefuse.video.reading import Timed

# Motion is found in frames that are blurred so much, px: noise has no motion.
_BLUR = 2.0
# A neighbour that differs more than noise explains, this many times, is not used at a place; between one and that, in
# parts. The difference is a mean over a square of so many px.
_MOST, _OVER = 3.0, 7
# Least noise that is assumed, levels: rounding, and errors of the flow.
_LEAST_NOISE = 2.0
# Of the mean absolute difference of two frames with noise of deviation 1.
_OF_NOISE = 2 / np.sqrt(np.pi) / (2 * _BLUR * np.sqrt(np.pi))


def windows(coming: Iterable[Timed], around: int) -> Iterator[tuple[Timed, Sequence[Timed]]]:
    """Yield each frame with the nearest 2·around + 1 frames, itself among them; fewer where the shot is shorter.

    Args:
        coming: the frames of one shot.
        around: frames before it and after it, 0 for none; at the ends of the shot more come from the other side.
    """
    frames = iter(coming)
    window = list(islice(frames, 2 * around + 1))
    for frame in window[: around + 1]:
        yield frame, window
    for frame in frames:
        window = [*window[1:], frame]
        yield window[around], window
    for frame in window[around + 1 :]:
        yield frame, window


def with_neighbours(frame: Timed, window: Sequence[Timed]) -> list[Frame]:
    """The picture of a frame, and those of the others of its window moved onto it."""
    here = frame.picture
    if len(window) == 1:
        return [here]
    noise, soft = max(noise_level(here), _LEAST_NOISE), _blurred(here)
    return [here, *(_moved_onto(here, soft, each.picture, noise) for each in window if each is not frame)]


def _blurred(picture: Frame) -> Frame:
    return cv2.GaussianBlur(picture, (0, 0), _BLUR)


def _moved_onto(picture: Frame, soft: Frame, other: Frame, noise: float) -> Frame:
    """Move a frame onto a picture, of which `soft` is a blurred copy; the picture stays where the frame differs."""
    there = _blurred(other)
    places = unmoved(*picture.shape[:2]) + flow(soft, there)
    apart = cv2.absdiff(soft, fetched(there, places)).astype(np.float32).mean(axis=2)
    apart = cv2.blur(apart, (_OVER, _OVER)) / (_OF_NOISE * noise)
    # Differences find what is hidden: in noise, forward and backward flow do not agree where they could.
    share = (np.clip((_MOST - apart) / (_MOST - 1), 0, 1) * inside(places))[..., None]
    moved = fetched(other, places, cv2.INTER_CUBIC)
    return np.rint(picture + share * (moved.astype(np.float32) - picture)).astype(np.uint8)
