"""Span F1: the mean overlap in words of an answer with the nearest of those given, in the terms of SQuAD."""

from __future__ import annotations

from collections.abc import Sequence

from retune.core.metrics import _answers, _references
from retune.core.resampling import Documents, mean_bounds

KIND = "spans"
BEST, WORST = 1.0, 0.0


def score(references: Sequence[Sequence[str]], predictions: Sequence[str]) -> float:
    """Return the mean over the rows; 0 for no rows."""
    return sum(values(references, predictions)) / max(len(predictions), 1)


def values(references: Sequence[Sequence[str]], predictions: Sequence[str]) -> list[float]:
    """Return the overlap of each answer with the nearest reference of its row; ValueError: a row has none."""
    return _references.best(_answers.overlap, references, predictions)


def bounds(
    references: Sequence[Sequence[str]], predictions: Sequence[str], seed: int, documents: Documents = None
) -> tuple[float, float]:
    """Return the 95 % interval of a bootstrap over the documents; (0, 1) for no rows."""
    return mean_bounds(values(references, predictions), documents, seed)
