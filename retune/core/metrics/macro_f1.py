"""Macro-F1: the mean over all labels of the harmonic mean of precision and recall; rare labels count in full."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from retune.core import confusion

KIND = "labels"
BEST, WORST = 1.0, 0.0


def _of(found: confusion.Tallies) -> NDArray[np.float64]:
    """Return the mean F1 of tallies, over the labels that they hold."""
    values: NDArray[np.float64] = np.nanmean(confusion.f1(found), axis=-1)
    return values


score, bounds = confusion.scored_by(_of, best=BEST, worst=WORST)
