"""Schedules as pure functions of images seen: a resumed run needs no schedule state."""


def lr_factor(images_seen: int, total: int, constant_share: float = 0.7, warm_up: int = 0) -> float:
    """Factor on the learning rate: 1 for the first share of the run, then linear to 0 at its end.

    Args:
        warm_up: images over which it rises to 1 at the start.
    """
    done = images_seen / total
    risen = min(1.0, (images_seen + 1) / (warm_up + 1))
    return risen if done < constant_share else max(0.0, (1 - done) / (1 - constant_share))


def ema_decay(images_seen: int, batch_size: int, half_life: float) -> float:
    """Decay of a moving average of weights (EMA) for one step.

    Args:
        half_life: images after which a weight's share has halved. It is kept below a tenth of the images seen,
            so that a short run does not average over its own start (StyleGAN2-ADA's ramp-up).
    """
    effective = min(half_life, max(images_seen, batch_size) * 0.1)
    return 0.5 ** (batch_size / effective)
