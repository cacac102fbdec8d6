"""What the style benchmark compares: our training as it is and with one thing changed, rivals, and doing nothing."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from style_data import Data
from style_own import Stages, in_one_go, load_own, small_first, train_own
from style_rivals import (
    load_adain,
    load_cut,
    load_cyclegan,
    load_reinhard,
    load_untouched,
    train_adain,
    train_cut,
    train_cyclegan,
)
from style_runs import Length, Restyler

from stylefuse.networks.weights import Weights
from stylefuse.tasks.stylize.options import HybridOptions


class Recipe(NamedTuple):
    """train: recipe's name, data, length, seed → weights, whose facts hold a record as "training"; None where nothing
    is learned. load: data, weights, seed → the method."""

    train: Callable[[str, Data, Length, int], Weights] | None
    load: Callable[[Data, Weights | None, int], Restyler]


def weighted(**changes: float) -> Callable[[HybridOptions], HybridOptions]:
    """Other weights of losses."""
    return lambda options: replace(options, weights=replace(options.weights, **changes))


def changed(**changes) -> Callable[[HybridOptions], HybridOptions]:
    """Other options."""
    return partial(replace, **changes)


def sized(**changes) -> Callable[[HybridOptions], HybridOptions]:
    """A generator of another size."""
    return lambda options: replace(options, generator=replace(options.generator, **changes))


# The name of a variant → what it changes of the options in conf/. One thing each.
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
    """Our training with a change, or in other stages."""

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
# Their schedules follow the share of the time that has passed, so they cannot be trained for a number of images.
BY_THE_CLOCK = ("cut", "cyclegan", "adain")
