"""What the benchmark compares: our training, variants that change one thing each, rivals, and the untouched photo."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from benchmarks.style.data import Data
from benchmarks.style.methods import Length, Method
from benchmarks.style.own_training import Stages, in_one_go, load_own, small_first, train_own
from benchmarks.style.rival_training import (
    load_adain,
    load_cut,
    load_cyclegan,
    load_reinhard,
    load_untouched,
    train_adain,
    train_cut,
    train_cyclegan,
)
from stylefuse.networks.weights import Weights
from stylefuse.tasks.stylize.options import HybridOptions


class Recipe(NamedTuple):
    """How a method is made.

    train: recipe's name, data, length, seed → weights, whose facts contain a record as "training"; None for a method
    that learns nothing. load: data, weights, seed → the method.
    """

    train: Callable[[str, Data, Length, int], Weights] | None
    load: Callable[[Data, Weights | None, int], Method]


def weighted(**changes: float) -> Callable[[HybridOptions], HybridOptions]:
    """Change weights of losses."""
    return lambda options: replace(options, weights=replace(options.weights, **changes))


def changed(**changes) -> Callable[[HybridOptions], HybridOptions]:
    """Change options."""
    return partial(replace, **changes)


def sized(**changes) -> Callable[[HybridOptions], HybridOptions]:
    """Change the generator."""
    return lambda options: replace(options, generator=replace(options.generator, **changes))


# Name of a variant → its change to the options in conf/: one thing each.
VARIANTS: dict[str, Callable[[HybridOptions], HybridOptions]] = {
    "stylefuse": changed(),
    "no_feature_critic": weighted(feature_adversarial=0.0),
    "no_pixel_critic": weighted(adversarial=0.0),
    "no_photo_negative": weighted(photo_negative=0.0),
    "no_gradient_penalty": weighted(gradient_penalty=0.0),
    "style_ce_0": weighted(style=0.0),
    "style_ce_half": weighted(style=0.5),
    "no_patch_nce": weighted(patch_nce=0.0),
    "no_content_features": weighted(content_features=0.0),
    "no_low_pass": weighted(low_pass=0.0),
    "no_identity": weighted(identity=0.0),
    "half_life_200": changed(average_half_life=200.0),
    "half_life_3200": changed(average_half_life=3200.0),
    "style_rate_1": changed(style_rate_factor=1.0),
    "whole_pictures": changed(least_crop=1.0),
    "small_crops": changed(least_crop=0.3),
    "no_grain": sized(grain=0.0),
    "grain_twice": sized(grain=0.1),
    "wide": sized(channels=(24, 48, 96)),
    "blocks_3": sized(blocks=3),
    "blocks_8": sized(blocks=8),
    "batch_4": changed(batch_size=4),
    "batch_16": changed(batch_size=16),
}


def own(change: Callable[[HybridOptions], HybridOptions], stages: Stages = in_one_go) -> Recipe:
    """Return our training with a change, or in other stages."""

    def train(name: str, data: Data, length: Length, seed: int) -> Weights:
        return train_own(name, data, change(data.training), length, seed, stages)

    return Recipe(train, lambda data, weights, seed: load_own(data, weights))


RECIPES: dict[str, Recipe] = {
    **{name: own(change) for name, change in VARIANTS.items()},
    "small_first": own(VARIANTS["stylefuse"], small_first),
    "cut": Recipe(train_cut, load_cut),
    "cyclegan": Recipe(train_cyclegan, load_cyclegan),
    "adain": Recipe(train_adain, load_adain),
    "reinhard": Recipe(None, load_reinhard),
    "untouched": Recipe(None, load_untouched),
}
# Their schedules depend on the share of time that has passed, so they cannot be trained for a number of images.
BY_THE_CLOCK = ("cut", "cyclegan", "adain")
