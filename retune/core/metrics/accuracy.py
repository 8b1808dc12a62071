"""Accuracy: the share of rows whose prediction is their label."""

from __future__ import annotations

from collections.abc import Sequence

from retune.core.resampling import Documents, share_bounds

KIND = "labels"
BEST, WORST = 1.0, 0.0


def score(labels: Sequence[str], predictions: Sequence[str]) -> float:
    """Return the accuracy; 0 for no rows."""
    return sum(_hits(labels, predictions)) / max(len(labels), 1)


def values(labels: Sequence[str], predictions: Sequence[str]) -> list[float]:
    """Return 1 for each row that is answered right, 0 for each other."""
    return [float(hit) for hit in _hits(labels, predictions)]


def bounds(
    labels: Sequence[str], predictions: Sequence[str], seed: int, documents: Documents = None
) -> tuple[float, float]:
    """Return the 95 % interval: Wilson's, or a bootstrap over documents that have several rows."""
    return share_bounds(_hits(labels, predictions), documents, seed)


def _hits(labels: Sequence[str], predictions: Sequence[str]) -> list[bool]:
    """Return which predictions are right."""
    return [label == prediction for label, prediction in zip(labels, predictions, strict=True)]
