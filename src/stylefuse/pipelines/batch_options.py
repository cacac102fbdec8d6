"""Options that all batches have."""

from typing import Any

from stylefuse.pipelines.finished import Restart
from stylefuse.pipelines.limits import FileLimits


class BatchOptions(FileLimits):
    """restart: make every result anew, and delete what an unfinished batch has left.

    An option that a later version adds needs a default in its class: what its absence meant before.
    """

    restart: bool

    def identity(self) -> dict[str, Any]:
        """The options that decide the results. Limits do not: they decide which pictures are refused."""
        return self.model_dump(exclude={"restart", *FileLimits.model_fields}, exclude_defaults=True)

    def restart_of(self, pipeline: str) -> Restart:
        return Restart(f"{pipeline}.restart", self.restart)
