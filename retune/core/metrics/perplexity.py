"""Perplexity: among how many tokens, on average, the model was in doubt; 1 is certainty, less is better."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from retune.core.resampling import Documents, Floats, resampled_sums
from retune.core.statistics import percentile_bounds

KIND = "loss"
BEST, WORST = 1.0, math.inf


def score(tokens: Sequence[int], losses: Sequence[float]) -> float:
    """Return exp(losses / tokens), both summed, a row's loss in nats over all its tokens; without tokens infinite."""
    return float(of_counts(counts(tokens, losses).sum(axis=0)))


def bounds(
    tokens: Sequence[int], losses: Sequence[float], seed: int, documents: Documents = None
) -> tuple[float, float]:
    """Return the 95 % percentile interval of a bootstrap over the documents; the whole range for no token."""
    if not sum(tokens):
        return BEST, WORST
    sums = resampled_sums(counts(tokens, losses), documents, seed)
    return percentile_bounds(of_counts(sums[sums[:, 0] > 0]))


def counts(tokens: Sequence[int], losses: Sequence[float]) -> Floats:
    """Return tokens and loss of each row [rows, 2]; raises ValueError where the lengths differ."""
    return np.array(list(zip(tokens, losses, strict=True)), dtype=np.float64).reshape(-1, 2)


def of_counts(sums: Floats) -> Floats:
    """Return exp(losses / tokens) of summed tokens and losses [..., 2]; without tokens infinite."""
    tokens = sums[..., 0]
    mean = np.divide(sums[..., 1], tokens, out=np.full(np.shape(tokens), np.inf), where=tokens > 0)
    return np.asarray(np.exp(mean))
