"""Weighted F1: the mean of the labels' F1, each label counted by its rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from retune.core import confusion

KIND = "labels"
BEST, WORST = 1.0, 0.0


def _of(found: confusion.Tallies) -> NDArray[np.float64]:
    """Return the mean F1 of tallies, weighted by the rows of each label."""
    return confusion.ratio((np.nan_to_num(confusion.f1(found)) * found.true).sum(axis=-1), found.true.sum(axis=-1))


score, bounds = confusion.scored_by(_of, best=BEST, worst=WORST)
