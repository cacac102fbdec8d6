"""The options of an evaluation."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Viewing:
    """What is measured at viewing size; see `evaluation.viewing`.

    photos, paintings: most held-out photos, and most held-out paintings of a style.
    sizes: short sides at which photos are restyled, px.
    views: short sides at which the results are looked at, px.
    """

    photos: int = 8
    paintings: int = 40
    sizes: tuple[int, ...] = (256, 512, 1024)
    views: tuple[int, ...] = (256,)


@dataclass(frozen=True)
class Settings:
    """Sizes of sets, batches and draws; conf/base/parameters_evaluate.yml gives the reasons.

    photos, paintings: most held-out photos, and most held-out paintings of a style, to measure with.
    batch_size: pictures a step; the numbers do not depend on it.
    halvings: random halvings of the paintings that a distance is averaged over.
    bootstrap_repeats: redraws behind each 90 % interval.
    directions: random directions of the sliced Wasserstein distance.
    seed: of every draw.
    inception_weights: path of FID's Inception weights; None: no FID and no KID.
    grid_photos: photos in the grids of the report.
    viewing: what is measured at viewing size.
    """

    photos: int = 200
    paintings: int = 200
    batch_size: int = 16
    halvings: int = 8
    bootstrap_repeats: int = 100
    directions: int = 500
    seed: int = 1
    inception_weights: str | None = None
    grid_photos: int = 8
    viewing: Viewing = Viewing()
