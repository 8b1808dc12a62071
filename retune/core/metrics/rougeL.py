"""ROUGE-L: the mean F1 of the longest common subsequence of words of an answer and the nearest reference."""

# ruff: noqa: N999  (so the field calls it)

from __future__ import annotations

from collections.abc import Sequence

from retune.core.metrics import _references, _rouge
from retune.core.resampling import Documents, mean_bounds

KIND = "text"
BEST, WORST = 1.0, 0.0


def score(references: Sequence[Sequence[str]], predictions: Sequence[str]) -> float:
    """Return the mean over the rows; 0 for no rows."""
    return sum(values(references, predictions)) / max(len(predictions), 1)


def values(references: Sequence[Sequence[str]], predictions: Sequence[str]) -> list[float]:
    """Return the ROUGE-L of each answer against the nearest reference; ValueError: a row has none."""
    return _references.best(_rouge.of_subsequence, references, predictions)


def bounds(
    references: Sequence[Sequence[str]], predictions: Sequence[str], seed: int, documents: Documents = None
) -> tuple[float, float]:
    """Return the 95 % interval of a bootstrap over the documents; (0, 1) for no rows."""
    return mean_bounds(values(references, predictions), documents, seed)
