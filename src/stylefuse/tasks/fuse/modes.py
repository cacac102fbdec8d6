"""What the pictures of a set can be to each other."""

# "multimodal": pictures of different sensors, whose tones mean different things.
MODES = ("focus", "exposure", "occlusion", "noise", "multimodal")
AUTO = "auto"  # the fuser guesses
