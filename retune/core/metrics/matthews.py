"""Matthews' correlation: 0 for answers that know nothing of the label, however unequal the labels are; -1 to 1."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from retune.core import confusion

KIND = "labels"
BEST, WORST = 1.0, -1.0


def _of(found: confusion.Tallies) -> NDArray[np.float64]:
    """Return the covariance of labels and answers over their deviations (Gorodkin 2004, Comput. Biol. Chem. 28)."""
    rows = found.true.sum(axis=-1)
    none = rows - found.predicted.sum(axis=-1)  # no answer is an answer that no row has as its label
    covariance = found.hits.sum(axis=-1) * rows - (found.true * found.predicted).sum(axis=-1)
    of_labels = rows**2 - (found.true**2).sum(axis=-1)
    of_answers = rows**2 - (found.predicted**2).sum(axis=-1) - none**2
    return np.nan_to_num(confusion.ratio(covariance, np.sqrt(1.0 * of_labels * of_answers)))


score, bounds = confusion.scored_by(_of, best=BEST, worst=WORST)
