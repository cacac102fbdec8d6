"""The interface through which a training reports what it does."""

from collections.abc import Mapping

from PIL.Image import Image


class Observer:
    """Receives the reports of a Trainer. These methods do nothing; subclasses show and record.

    Of several processes only the first one reports.
    """

    def on_process(self) -> None:
        """A process has been started for this training; called in that process, before anything else."""

    def on_begin(self, images_seen: int, total: int) -> None:
        """Training starts, or resumes where `images_seen` is above 0."""

    def on_step(self, images_seen: int, losses: Mapping[str, float]) -> None:
        """A step is complete."""

    def on_row(self, images_seen: int, means: Mapping[str, float]) -> None:
        """A logging interval is complete; `means` are its average losses."""

    def on_sample(self, images_seen: int, picture: Image) -> None:
        """A sample grid has been drawn."""

    def on_tag(self, key: str, value: str) -> None:
        """A fact of this training: where it runs, or a warning."""

    def on_end(self) -> None:
        """Training has ended, complete or not. Called once for each `on_begin`."""
