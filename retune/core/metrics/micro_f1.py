"""Micro-F1: F1 over all rows at once; it is the accuracy, but that a row without an answer costs recall only."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from retune.core import confusion

KIND = "labels"
BEST, WORST = 1.0, 0.0


def _of(found: confusion.Tallies) -> NDArray[np.float64]:
    """Return 2 hits / (true + predicted) of the sums over all labels."""
    return confusion.ratio(2.0 * found.hits.sum(axis=-1), (found.true + found.predicted).sum(axis=-1))


score, bounds = confusion.scored_by(_of, best=BEST, worst=WORST)
