"""Perplexity: among how many tokens, on average, the model was in doubt; 1 is certainty, less is better."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from retune.core.resampling import Documents, resampled_sums
from retune.core.statistics import percentile_bounds

KIND = "loss"
BEST, WORST = 1.0, math.inf


def score(tokens: Sequence[int], losses: Sequence[float]) -> float:
    """Return exp(losses / tokens), both summed, a row's loss in nats over all its tokens; without tokens infinite."""
    sums = _figures(tokens, losses).sum(axis=0)
    return float(np.exp(sums[1] / sums[0])) if sums[0] else WORST


def bounds(
    tokens: Sequence[int], losses: Sequence[float], seed: int, documents: Documents = None
) -> tuple[float, float]:
    """Return the 95 % percentile interval of a bootstrap over the documents; the whole range for no token."""
    if not sum(tokens):
        return BEST, WORST
    sums = resampled_sums(_figures(tokens, losses), documents, seed)
    defined = sums[sums[:, 0] > 0]
    return percentile_bounds(np.exp(defined[:, 1] / defined[:, 0]))


def _figures(tokens: Sequence[int], losses: Sequence[float]) -> np.ndarray:
    """Return tokens and loss of each row [rows, 2]; raises ValueError where the lengths differ."""
    return np.array(list(zip(tokens, losses, strict=True)), dtype=np.float64).reshape(-1, 2)
