"""Limits and sizes of the service."""

from dataclasses import dataclass

from stylefuse.labels.options import Labelling

# Of one picture, as `request.MAX_BYTES`, which is not imported: it would bring PyTorch into the server's process.
PICTURE_BYTES = 20_000_000
# Around pictures: fields, boundaries, names.
MARGIN_BYTES = 64_000
# The environment variable that holds the token.
TOKEN = "STYLEFUSE_TOKEN"


@dataclass(frozen=True)
class Settings:
    """Limits of the service.

    workers: processes that work on one request each; memory grows with them.
    threads: of a worker; 0 shares the cores among the workers.
    queue: requests that may wait; further ones are refused at once.
    timeout: seconds from a request's first line to its answer; what is not done by then is given up.
    stop: seconds within which a worker must give up work that nobody wants any more, or be killed.
    drain: seconds that a stopping server waits for requests in work.
    body_bytes: of a request with several pictures.
    held_bytes: of all requests' bodies together.
    clips: clips that the server may have, waiting, in work or done; 0 does without.
    clip_bytes: of one clip. clips_bytes: of all clips and their results.
    clip_frames: of one clip.
    clip_seconds: for which a result is kept.
    labelling: how results are labelled.
    """

    workers: int = 1
    threads: int = 0
    queue: int = 32
    timeout: float = 60.0  # 24 megapixels take half of it on two cores
    stop: float = 1.0
    drain: float = 10.0
    body_bytes: int = 100_000_000
    held_bytes: int = 500_000_000
    clips: int = 8
    clip_bytes: int = 500_000_000
    clips_bytes: int = 4_000_000_000
    clip_frames: int = 20_000
    clip_seconds: float = 3600.0
    labelling: Labelling = Labelling()
