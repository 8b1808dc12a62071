"""Weighted F1: the mean of the labels' F1, each label counted by its rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from retune.core import confusion
from retune.core.resampling import Documents

KIND = "labels"
BEST, WORST = 1.0, 0.0


def score(labels: Sequence[str], predictions: Sequence[str]) -> float:
    """Return the weighted F1; 0 for no rows."""
    return float(_of(confusion.tallies(confusion.confusion(labels, predictions)))) if labels else WORST


def bounds(
    labels: Sequence[str], predictions: Sequence[str], seed: int, documents: Documents = None
) -> tuple[float, float]:
    """Return the 95 % percentile interval of a bootstrap over the documents; the whole range for no rows."""
    return confusion.bounds((labels, predictions), _of, documents, seed) if labels else (WORST, BEST)


def _of(found: confusion.Tallies) -> NDArray[np.float64]:
    """Return the mean F1 of tallies, weighted by the rows of each label."""
    return confusion.ratio((np.nan_to_num(confusion.f1(found)) * found.true).sum(axis=-1), found.true.sum(axis=-1))
