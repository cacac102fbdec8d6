"""What may be turned in the evaluation."""

from pydantic import Field

from stylefuse.pipelines.parameters import Parameters


class EvaluateOptions(Parameters):
    """Options of the `evaluate` pipeline; conf/base/parameters_evaluate.yml has the reasons behind defaults.

    Raises:
        pydantic.ValidationError: an unknown key, or a value out of its range.
    """

    photos: int = Field(200, ge=2)
    """Most held-out photos to restyle; fewer where fewer are held out."""
    paintings: int = Field(200, ge=4)
    """Most held-out paintings of a style to compare with."""
    batch_size: int = Field(16, ge=1)
    halvings: int = Field(8, ge=1)
    """Random halvings of the paintings that a distance is averaged over."""
    bootstrap_repeats: int = Field(100, ge=20)
    directions: int = Field(500, ge=10)
    """Random directions of the sliced Wasserstein distance."""
    seed: int = Field(1, ge=0)
    inception_weights: str | None = None
    """Path of FID's Inception weights, or None."""
    grid_photos: int = Field(8, ge=1, le=16)
