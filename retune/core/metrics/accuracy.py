"""Accuracy: the share of rows whose prediction is their label."""

from __future__ import annotations

from collections.abc import Sequence

from retune.core.statistics import wilson


def score(labels: Sequence[str], predictions: Sequence[str]) -> float:
    """Return the accuracy; 0 for no rows."""
    return _hits(labels, predictions) / max(len(labels), 1)


def bounds(labels: Sequence[str], predictions: Sequence[str], _seed: int) -> tuple[float, float]:
    """Return the 95 % interval after Wilson."""
    interval = wilson(_hits(labels, predictions), len(labels))
    return interval.low, interval.high


def _hits(labels: Sequence[str], predictions: Sequence[str]) -> int:
    """Return how many predictions are right."""
    return sum(label == prediction for label, prediction in zip(labels, predictions, strict=True))
