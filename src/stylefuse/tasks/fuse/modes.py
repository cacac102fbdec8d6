"""Modes of fusion: the relations between the pictures of a set; and how many pictures a set has."""

from typing import Literal, get_args

# "auto": the network guesses. "multimodal": pictures of different sensors, whose tones mean different things.
Mode = Literal["auto", "focus", "exposure", "occlusion", "noise", "multimodal"]
AUTO, *_MODES = get_args(Mode)
MODES = tuple(_MODES)
MIN_PICTURES, MAX_PICTURES = 2, 8
