"""Balanced accuracy: the mean over the labels that occur of the share of their rows that are answered right."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from retune.core import confusion

KIND = "labels"
BEST, WORST = 1.0, 0.0


def _of(found: confusion.Tallies) -> NDArray[np.float64]:
    """Return the mean recall of tallies, over the labels that have rows."""
    values: NDArray[np.float64] = np.nanmean(confusion.ratio(found.hits, found.true), axis=-1)
    return values


score, bounds = confusion.scored_by(_of, best=BEST, worst=WORST)
