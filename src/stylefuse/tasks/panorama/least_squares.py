"""Least squares with outliers: Levenberg-Marquardt steps with Huber's weights. SciPy's takes a second to import."""

from collections.abc import Callable

import numpy as np

_STEP = 1e-6  # of the numeric derivative; all numbers are near 1
_ENOUGH = 1e-5  # relative change of the cost at which the fit ends


def fit(
    residuals: Callable[[np.ndarray], np.ndarray], start: np.ndarray, huber: float, most: int = 40
) -> tuple[np.ndarray, float]:
    """Minimise the sum of Huber's function of the residuals.

    Args:
        residuals: of the numbers to find, as one array.
        start: these numbers, to begin with.
        huber: residuals beyond this count linearly, not squared.
        most: steps.

    Returns:
        The numbers, and the cost.
    """
    x, damping = start, 1e-3
    r = residuals(x)
    cost = _cost(r, huber)
    for _ in range(most):
        weight = np.minimum(1, huber / np.maximum(np.abs(r), 1e-12))
        slopes = np.stack([(residuals(x + step) - r) / _STEP for step in _STEP * np.eye(len(x))], 1)
        weighted = slopes * weight[:, None]
        curvature, gradient = slopes.T @ weighted, weighted.T @ r
        while damping < 1e8:
            damped = curvature + damping * np.diag(np.diag(curvature) + 1e-9)
            new = x - np.linalg.solve(damped, gradient)
            moved = residuals(new)
            if (lower := _cost(moved, huber)) < cost:
                break
            damping *= 10
        else:
            return x, cost
        done = cost - lower < _ENOUGH * cost
        x, r, cost, damping = new, moved, lower, damping / 10
        if done:
            break
    return x, cost


def _cost(r: np.ndarray, huber: float) -> float:
    size = np.abs(r)
    return float(np.where(size <= huber, size**2 / 2, huber * (size - huber / 2)).sum())
