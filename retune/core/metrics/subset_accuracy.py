"""Subset accuracy: the share of rows whose labels are all found, and no other."""

from __future__ import annotations

from collections.abc import Sequence

from retune.core.metrics._sets import Sets
from retune.core.resampling import Documents, share_bounds

KIND = "sets"
BEST, WORST = 1.0, 0.0


def score(labels: Sets, predictions: Sets) -> float:
    """Return the share; 0 for no rows."""
    return sum(values(labels, predictions)) / max(len(labels), 1)


def values(labels: Sets, predictions: Sets) -> Sequence[float]:
    """Return 1 for each row whose labels are the predicted ones, 0 for each other."""
    return [float(set(true) == set(given)) for true, given in zip(labels, predictions, strict=True)]


def bounds(labels: Sets, predictions: Sets, seed: int, documents: Documents = None) -> tuple[float, float]:
    """Return the 95 % interval: Wilson's, or a bootstrap over documents that have several rows."""
    return share_bounds([value == 1.0 for value in values(labels, predictions)], documents, seed)
