"""The parameters of the `evaluate` pipeline."""

from pydantic import Field

from stylefuse.evaluation.settings import Settings
from stylefuse.pipelines.parameters import Parameters


class EvaluateOptions(Parameters):
    """The `Settings` of the evaluation, with the range of each.

    Raises:
        pydantic.ValidationError: an unknown key, or a value out of its range.
    """

    photos: int = Field(Settings.photos, ge=2)
    paintings: int = Field(Settings.paintings, ge=4)
    batch_size: int = Field(Settings.batch_size, ge=1)
    halvings: int = Field(Settings.halvings, ge=1)
    bootstrap_repeats: int = Field(Settings.bootstrap_repeats, ge=20)
    directions: int = Field(Settings.directions, ge=10)
    seed: int = Field(Settings.seed, ge=0)
    inception_weights: str | None = Settings.inception_weights
    grid_photos: int = Field(Settings.grid_photos, ge=1, le=16)

    def settings(self) -> Settings:
        """Return the values alone, for library code that does not import pydantic."""
        return Settings(**self.model_dump())
