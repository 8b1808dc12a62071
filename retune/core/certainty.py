"""How sure an answer of several parts is: from what a model says of itself to how often such answers were right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

NEWTON_STEPS = 50
NEAREST = 1e-6  # of a share to 0 and 1
PRIOR = 1.0  # rows' worth of trust in what a model says, so that a few rows do not turn it round


class Curve(NamedTuple):
    """A logistic curve over the log odds of a share; as it is, it changes nothing."""

    slope: float = 1.0
    offset: float = 0.0

    def __call__(self, shares: Sequence[float] | NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        """Return how sure answers are of which a model says these shares [rows]."""
        found: NDArray[np.float64] = 1 / (1 + np.exp(-(self.slope * _odds(shares) + self.offset)))
        return found


def fitted(shares: Sequence[float] | NDArray[np.floating[Any]], right: Sequence[bool] | NDArray[np.bool_]) -> Curve:
    """Return the curve by which rows are as sure as they are right; it never falls.

    Maximises the likelihood of the rows with targets softened by their number (Platt 1999), by Newton's method.
    """
    if not len(right):
        return Curve()
    odds, hits = _odds(shares), np.asarray(right, dtype=bool)
    target = np.where(hits, (hits.sum() + 1) / (hits.sum() + 2), 1 / ((~hits).sum() + 2))
    slope, offset = _newton(np.stack([odds, np.ones_like(odds)], axis=1), target, np.array([1.0, 0.0]))
    if slope < 0:  # what it says of itself means nothing: each answer is as sure as all of them
        slope, offset = 0.0, float(np.log(target.mean() / (1 - target.mean())))
    return Curve(round(float(slope), 6), round(float(offset), 6))


def _newton(inputs: NDArray[np.float64], target: NDArray[np.float64], start: NDArray[np.float64]) -> Any:
    """Return the weights of a logistic regression, drawn to where they start; steps are halved while they overshoot."""

    def cost(weights: NDArray[np.float64]) -> float:
        logits = inputs @ weights
        return float((np.logaddexp(0, logits) - target * logits).sum() + PRIOR * ((weights - start) ** 2).sum() / 2)

    weights = start
    for _ in range(NEWTON_STEPS):
        share = 1 / (1 + np.exp(-(inputs @ weights)))
        gradient = inputs.T @ (share - target) + PRIOR * (weights - start)
        curvature = (inputs * (share * (1 - share))[:, None]).T @ inputs + PRIOR * np.eye(2)
        step = np.linalg.solve(curvature, gradient)
        while cost(weights - step) > cost(weights) and np.abs(step).max() > NEAREST:
            step = step / 2
        weights = weights - step
    return weights


def _odds(shares: Sequence[float] | NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    kept = np.clip(np.asarray(shares, dtype=np.float64), NEAREST, 1 - NEAREST)
    odds: NDArray[np.float64] = np.log(kept / (1 - kept))
    return odds
