"""Brier score: the mean squared distance of a confidence from what came, 1 if the answer was right; 0 is best."""

from __future__ import annotations

from collections.abc import Sequence

from retune.core.resampling import Documents, mean_bounds

KIND = "confidence"
BEST, WORST = 0.0, 1.0


def score(right: Sequence[bool], confidences: Sequence[float]) -> float:
    """Return the Brier score of the answers that were given; 1 for no rows."""
    found = values(right, confidences)
    return sum(found) / len(found) if found else WORST


def values(right: Sequence[bool], confidences: Sequence[float]) -> list[float]:
    """Return the squared distance of each row."""
    return [(confidence - hit) ** 2 for hit, confidence in zip(right, confidences, strict=True)]


def bounds(
    right: Sequence[bool], confidences: Sequence[float], seed: int, documents: Documents = None
) -> tuple[float, float]:
    """Return the 95 % interval of a bootstrap over the documents; (0, 1) for no rows."""
    return mean_bounds(values(right, confidences), documents, seed)
