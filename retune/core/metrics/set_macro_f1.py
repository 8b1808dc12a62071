"""Macro-F1 of sets of labels: the mean of the labels' F1, each label counted alike."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from retune.core.metrics import _sets
from retune.core.resampling import Floats

KIND = "sets"
BEST, WORST = 1.0, 0.0


def _of(counts: Floats) -> NDArray[np.float64]:
    """Return the mean over the labels that occur or are predicted; 0 where there is none."""
    each = _sets.f1(counts)
    there = ~np.isnan(each)
    values: NDArray[np.float64] = np.where(there, each, 0.0).sum(axis=-1) / np.maximum(there.sum(axis=-1), 1)
    return values


score, bounds = _sets.scored_by(_of)
