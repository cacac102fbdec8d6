"""The parameters of the `evaluate` pipeline."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from stylefuse.evaluation.settings import Settings, Viewing
from stylefuse.pipelines.parameters import Parameters

# Short side, px. The judge's coarsest wavelets need 64 px.
Side = Annotated[int, Field(ge=64)]


class ViewingOptions(Parameters):
    """What is measured at viewing size, with the range of each."""

    photos: int = Field(Viewing.photos, ge=2)
    paintings: int = Field(Viewing.paintings, ge=4)
    sizes: tuple[Side, ...] = Field(Viewing.sizes, min_length=1)
    views: tuple[Side, ...] = Field(Viewing.views, min_length=1)

    @model_validator(mode="after")
    def _something_is_seen(self) -> Self:
        if max(self.sizes) < min(self.views):
            raise ValueError("no size is as large as a view: add a larger size, or a smaller view")
        return self


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
    viewing: ViewingOptions = ViewingOptions()

    def settings(self) -> Settings:
        """Return the values alone, for library code that does not import pydantic."""
        return Settings(**{**self.model_dump(), "viewing": Viewing(**self.viewing.model_dump())})
