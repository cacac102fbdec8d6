"""Modes of fusion: the relations between the pictures of a set; and how many pictures a set has."""

from typing import Literal, get_args

# "auto": the network guesses. "multimodal": pictures of different sensors, whose tones mean different things. "blend":
# pictures of different places, joined in one scene; never guessed, and done without the network.
Mode = Literal["auto", "focus", "exposure", "occlusion", "noise", "multimodal", "blend"]
AUTO, *_MODES, BLEND = get_args(Mode)
NOISE: Mode = "noise"
MODES = tuple(_MODES)  # that the network knows
MIN_PICTURES, MAX_PICTURES = 2, 8
