"""Adversarial hybrid training: G against D, helped by frozen C. One step of each, and the loop around them."""

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from stylefuse.losses.adversarial import (
    relativistic_critic_loss,
    relativistic_generator_loss,
    zero_centred_penalty,
)
from stylefuse.losses.content import feature_content_loss, low_pass_luma_loss, patch_nce_loss
from stylefuse.losses.style import style_loss
from stylefuse.networks.classifier import StyleClassifier
from stylefuse.networks.generator import GRAIN_SIDE, style_weights
from stylefuse.tasks.stylize.batch import Batch, augmented, next_batch
from stylefuse.tasks.stylize.state import HybridState
from stylefuse.training.distributed import average, average_gradients, processes, share
from stylefuse.training.loop import Losses, autocast, fit
from stylefuse.training.options import HybridOptions
from stylefuse.training.schedule import average_decay, rate_factor


class Seen(NamedTuple):
    """G(x, s), N×3×S×S, and the classifier's feature maps of it, of the paintings and of the photos; no gradients."""

    fake: Tensor
    fake_features: list[Tensor]
    painting_features: list[Tensor]
    photo_features: list[Tensor]


def generator_step(
    state: HybridState, batch: Batch, classifier: StyleClassifier, options: HybridOptions
) -> tuple[Seen, dict[str, Tensor]]:
    """One step of G on L_G (docs/formulation.md, items 3 and 5). Returns what it made and saw, and the terms."""
    weights, generator = options.weights, state.generator
    photos, paintings, style = batch
    n, own = len(photos), share(options.batch_size)
    # A few photos pass under the identity row as well: G(x, 0) = x is what strength interpolates from.
    # They are the first of the whole batch, so that of several processes not every one has some.
    kept_by_all = max(1, options.batch_size // 8)
    kept = min(max(kept_by_all - own.start, 0), n)
    rows = style_weights(style, generator.rows), style_weights(torch.zeros_like(style[:kept]), generator.rows)
    critics = (state.critic, state.feature_critic)
    for critic in critics:
        critic.requires_grad_(False)  # they only pass gradients on here; their own would cost a third more
    with autocast(options):
        corner = tuple(torch.randint(GRAIN_SIDE, (2,), generator=state.noise).tolist())
        pictures = generator(torch.cat([photos, photos[:kept]]), torch.cat(rows), corner)
        fake = pictures[:n]
        with torch.no_grad():
            both = _maps(classifier, torch.cat([photos, paintings]))
            photo_features, painting_features = [f[:n] for f in both], [f[n:] for f in both]
            levels = generator.features(photos)[1:]
            places = [_random_places(level, options.nce_places, state.noise) for level in levels]
            keys = state.projection(levels, places)
            real_logits = state.critic(augmented(paintings, state.noise), style)
            real_feature_logits = state.feature_critic(painting_features, style)
        fake_features = _maps(classifier, fake)
        queries = state.projection(generator.features(fake)[1:], places)
        fake_logits = state.critic(augmented(fake, state.noise), style)
        fake_feature_logits = state.feature_critic(fake_features, style)
        logits = classifier.classify(fake_features)
    # A mean over a number of pictures that differs from process to process; every other term is one over n.
    unlike = (pictures[n:] - photos[:kept]).abs().flatten(1).mean(dim=1).sum() / kept_by_all * processes()
    terms = {
        "adversarial": relativistic_generator_loss(real_logits, fake_logits),
        "feature_adversarial": relativistic_generator_loss(real_feature_logits, fake_feature_logits),
        "style": style_loss(logits, style),
        "patch_nce": sum(patch_nce_loss(q, k) for q, k in zip(queries, keys, strict=True)) / len(keys),
        "content_features": feature_content_loss(fake_features[-2:], photo_features[-2:]),
        "low_pass": low_pass_luma_loss(fake, photos),
        "identity": unlike,
    }
    total = sum(getattr(weights, name) * term for name, term in terms.items())
    state.generator_optimiser.zero_grad(set_to_none=True)
    total.backward()
    for critic in critics:
        critic.requires_grad_(True)
    return Seen(fake.detach(), [f.detach() for f in fake_features], painting_features, photo_features), terms


def _maps(classifier: StyleClassifier, pictures: Tensor) -> list[Tensor]:
    """The classifier's feature maps but the finest: a critic's head on that one would cost more than G."""
    return classifier.features(pictures)[1:]


def _random_places(level: Tensor, count: int, noise: torch.Generator) -> Tensor:
    """Flat positions in a map, N×C×h×w: `count` int64 on its device."""
    return torch.randint(level.shape[2] * level.shape[3], (count,), generator=noise).to(level.device)


def critic_step(
    state: HybridState, batch: Batch, seen: Seen, penalise: bool, options: HybridOptions
) -> dict[str, Tensor]:
    """One step of D on L_D (docs/formulation.md, item 2): fakes and untouched photos score below paintings."""
    weights, critic, style = options.weights, state.critic, batch.style
    real, fake, photos = (augmented(p, state.noise) for p in (batch.paintings, seen.fake, batch.photos))
    n = len(real)
    if penalise:
        # Gradient penalties need exact second derivatives: full precision, and a pass each.
        real, fake = real.requires_grad_(), fake.requires_grad_()
        real_logits, fake_logits, photo_logits = (critic(p, style) for p in (real, fake, photos))
    else:
        with autocast(options):
            joined = critic(torch.cat([real, fake, photos]), style.repeat(3))
        real_logits, fake_logits, photo_logits = joined.split(n)
    with autocast(options):
        maps = (seen.painting_features, seen.fake_features, seen.photo_features)
        joined = state.feature_critic(
            [torch.cat(level) for level in zip(*maps, strict=True)], style.repeat(3)
        )
    terms = {
        "critic": _against_fakes_and_photos(real_logits, fake_logits, photo_logits, weights.photo_negative),
        "feature_critic": _against_fakes_and_photos(*joined.split(n), weights.photo_negative),
        "critic_win_rate": (real_logits > fake_logits).float().mean(),
    }
    loss = terms["critic"] + terms["feature_critic"]
    if penalise:
        penalty = zero_centred_penalty(real_logits, real) + zero_centred_penalty(fake_logits, fake)
        # Applied every few steps and weighted by as many (lazy regularisation, Karras et al. 2020).
        loss = loss + weights.gradient_penalty * options.penalty_every * penalty
        terms["gradient_penalty"] = penalty
    state.critic_optimiser.zero_grad(set_to_none=True)
    loss.backward()
    return terms


def _against_fakes_and_photos(real: Tensor, fake: Tensor, photo: Tensor, share: float) -> Tensor:
    """L_D with untouched photos as further fakes, which weigh `share` (adaptive-style-transfer, 2018)."""
    return (1 - share) * relativistic_critic_loss(real, fake) + share * relativistic_critic_loss(real, photo)


def train_step(state: HybridState, classifier: StyleClassifier, options: HybridOptions) -> Losses:
    """One batch: G, then D on the same fakes, then the moving average and the clock. Returns the terms.

    A step whose terms are not all finite changes no weight. Several processes take the same step, by the mean of
    the gradients that each has from its share of the batch.
    """
    factor = rate_factor(state.images_seen, options.images, options.constant_share)
    for optimiser in (state.generator_optimiser, state.critic_optimiser):
        for group in optimiser.param_groups:
            group["lr"] = group["base"] * factor
    device = next(state.generator.parameters()).device
    batch = next_batch(state, options.batch_size, device)
    step = state.images_seen // options.batch_size
    seen, terms = generator_step(state, batch, classifier, options)
    terms |= critic_step(state, batch, seen, step % options.penalty_every == 0, options)
    average_gradients((state.generator_optimiser, state.critic_optimiser))
    # Losses can be finite while a gradient is not, and one such step would ruin every weight.
    terms["generator_gradient"] = _gradient_norm(state.generator_optimiser)
    terms["critic_gradient"] = _gradient_norm(state.critic_optimiser)
    means = average(torch.stack([t.detach().float() for t in terms.values()]))
    losses = dict(zip(terms, means.tolist(), strict=True))
    state.images_seen += options.batch_size
    if all(math.isfinite(loss) for loss in losses.values()):
        state.generator_optimiser.step()
        state.critic_optimiser.step()
        decay = average_decay(state.images_seen, options.batch_size, options.average_half_life)
        with torch.no_grad():
            torch._foreach_lerp_(
                list(state.average.parameters()), list(state.generator.parameters()), 1 - decay
            )
    return losses


def _gradient_norm(optimiser: torch.optim.Optimizer) -> Tensor:
    """Euclidean norm of all gradients that the optimiser would use."""
    parameters = [p for group in optimiser.param_groups for p in group["params"]]
    return torch.nn.utils.get_total_norm([p.grad for p in parameters if p.grad is not None])


def fit_hybrid(
    state: HybridState,
    classifier: StyleClassifier,
    options: HybridOptions,
    on_step: Callable[[int, Losses], None],
    on_sample: Callable[[int], None],
    on_checkpoint: Callable[[int], None],
) -> None:
    """Train from `state`, new or restored, until `options.images` images were seen; see `training.loop.fit`.

    Args:
        classifier: C, frozen, on the state's device.
    """
    fit(
        state,
        lambda: train_step(state, classifier, options),
        options,
        "lower generator_rate and critic_rate",
        on_step,
        on_sample,
        on_checkpoint,
    )
