"""Several labels per row: what is right in each, and F1 of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from retune.core.confusion import ratio
from retune.core.resampling import Documents, Floats, resampled_sums
from retune.core.statistics import percentile_bounds

Sets = Sequence[Sequence[str]]  # of each row its labels, in any order
Statistic = Callable[[Floats], NDArray[np.float64]]  # of [..., 3, labels]


def scored_by(statistic: Statistic) -> tuple[Callable[[Sets, Sets], float], Callable[..., tuple[float, float]]]:
    """Return `score` and `bounds` of a metric that is a statistic of found, true and predicted labels [..., 3, labels].

    The interval holds 95 % of a bootstrap over the documents; of no rows nothing is known.
    """

    def score(labels: Sets, predictions: Sets) -> float:
        return float(statistic(_folded(_counts(labels, predictions).sum(axis=0)))) if labels else 0.0

    def bounds(labels: Sets, predictions: Sets, seed: int, documents: Documents = None) -> tuple[float, float]:
        if not labels:
            return 0.0, 1.0
        return percentile_bounds(statistic(_folded(resampled_sums(_counts(labels, predictions), documents, seed))))

    return score, bounds


def f1(counts: Floats) -> NDArray[np.float64]:
    """Return F1 of counts [..., 3, labels], NaN for a label that neither occurs nor is predicted."""
    return ratio(2.0 * counts[..., 0, :], counts[..., 1, :] + counts[..., 2, :])


def known(labels: Sets, predictions: Sets) -> list[str]:
    """Return every label of both, sorted."""
    return sorted({label for rows in (labels, predictions) for row in rows for label in row})


def _counts(labels: Sets, predictions: Sets) -> Floats:
    """Return which labels of each row are found, true and predicted [rows, 3 x labels]; ValueError: lengths differ."""
    places = {label: place for place, label in enumerate(known(labels, predictions))}
    counts = np.zeros((len(labels), 3, len(places)))
    for row, (true, given) in enumerate(zip(labels, predictions, strict=True)):
        for side, chosen in enumerate((set(true) & set(given), set(true), set(given))):
            counts[row, side, [places[label] for label in chosen]] = 1.0
    return counts.reshape(len(labels), 3 * len(places))


def _folded(sums: Floats) -> Floats:
    """Return [..., 3, labels] for [..., 3 x labels]."""
    return sums.reshape(*sums.shape[:-1], 3, -1)
