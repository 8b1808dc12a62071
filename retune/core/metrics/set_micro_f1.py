"""Micro-F1 of sets of labels: F1 over all labels of all rows at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from retune.core.metrics import _sets
from retune.core.resampling import Floats

KIND = "sets"
BEST, WORST = 1.0, 0.0


def _of(counts: Floats) -> NDArray[np.float64]:
    """Return F1 of the sums over the labels; 0 where there is no label at all."""
    values: NDArray[np.float64] = np.nan_to_num(_sets.f1(counts.sum(axis=-1, keepdims=True)))[..., 0]
    return values


score, bounds = _sets.scored_by(_of)
