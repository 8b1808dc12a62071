"""Matthews' correlation: 0 for answers that know nothing of the label, however unequal the labels are; -1 to 1."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from retune.core import confusion
from retune.core.resampling import Documents

KIND = "labels"
BEST, WORST = 1.0, -1.0


def score(labels: Sequence[str], predictions: Sequence[str]) -> float:
    """Return the correlation; -1 for no rows."""
    return float(_of(confusion.tallies(confusion.confusion(labels, predictions)))) if labels else WORST


def bounds(
    labels: Sequence[str], predictions: Sequence[str], seed: int, documents: Documents = None
) -> tuple[float, float]:
    """Return the 95 % percentile interval of a bootstrap over the documents; the whole range for no rows."""
    return confusion.bounds((labels, predictions), _of, documents, seed) if labels else (WORST, BEST)


def _of(found: confusion.Tallies) -> NDArray[np.float64]:
    """Return the covariance of labels and answers over their deviations (Gorodkin 2004, Comput. Biol. Chem. 28)."""
    rows = found.true.sum(axis=-1)
    none = rows - found.predicted.sum(axis=-1)  # no answer is an answer that no row has as its label
    covariance = found.hits.sum(axis=-1) * rows - (found.true * found.predicted).sum(axis=-1)
    of_labels = rows**2 - (found.true**2).sum(axis=-1)
    of_answers = rows**2 - (found.predicted**2).sum(axis=-1) - none**2
    return np.nan_to_num(confusion.ratio(covariance, np.sqrt(1.0 * of_labels * of_answers)))
