"""Micro-F1: F1 over all rows at once; it is the accuracy, but that a row without an answer costs recall only."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from retune.core import confusion
from retune.core.resampling import Documents

KIND = "labels"
BEST, WORST = 1.0, 0.0


def score(labels: Sequence[str], predictions: Sequence[str]) -> float:
    """Return the micro-F1; 0 for no rows."""
    return float(_of(confusion.tallies(confusion.confusion(labels, predictions)))) if labels else WORST


def bounds(
    labels: Sequence[str], predictions: Sequence[str], seed: int, documents: Documents = None
) -> tuple[float, float]:
    """Return the 95 % percentile interval of a bootstrap over the documents; the whole range for no rows."""
    return confusion.bounds((labels, predictions), _of, documents, seed) if labels else (WORST, BEST)


def _of(found: confusion.Tallies) -> NDArray[np.float64]:
    """Return 2 hits / (true + predicted) of the sums over all labels."""
    return confusion.ratio(2.0 * found.hits.sum(axis=-1), (found.true + found.predicted).sum(axis=-1))
