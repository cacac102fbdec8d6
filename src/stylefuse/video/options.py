"""Options for processing a clip."""

from dataclasses import dataclass

# Share of what was painted before; docs/video.md has what other shares cost.
DEFAULT_STEADY, MOST_STEADY = 0.95, 0.98
DEFAULT_CRF, MOST_CRF = 17, 51  # 17 is hardly to be told from the frames; 23 is half as large


@dataclass(frozen=True)
class VideoOptions:
    """How a clip is worked on.

    steady: share of what was painted before in each frame of a shot, 0 to 0.98; 0: frames are painted one by one.
    crf: of the H.264 encoder, 0 to 51; higher ones make smaller files.
    tone_map: reduce the colours of an HDR clip, which is refused otherwise.
    preview: of the first shot, so many frames at most and no sound; 0: the whole clip.

    Raises:
        ValueError: a value is out of range.
    """

    steady: float = DEFAULT_STEADY
    crf: int = DEFAULT_CRF
    tone_map: bool = False
    preview: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.steady <= MOST_STEADY:
            raise ValueError(f"steady is {self.steady}: use 0 to {MOST_STEADY}")
        if not 0 <= self.crf <= MOST_CRF:
            raise ValueError(f"crf is {self.crf}: use 0 to {MOST_CRF}")
        if self.preview < 0:
            raise ValueError(f"preview is {self.preview}: use a number of frames, or 0 for the whole clip")
