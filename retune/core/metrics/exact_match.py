"""Exact match: the share of answers that are one of those given, but for case, punctuation and articles (SQuAD)."""

from __future__ import annotations

from collections.abc import Sequence

from retune.core.metrics import _answers, _references
from retune.core.resampling import Documents, share_bounds

KIND = "spans"
BEST, WORST = 1.0, 0.0


def score(references: Sequence[Sequence[str]], predictions: Sequence[str]) -> float:
    """Return the mean over the rows; 0 for no rows."""
    return sum(values(references, predictions)) / max(len(predictions), 1)


def values(references: Sequence[Sequence[str]], predictions: Sequence[str]) -> list[float]:
    """Return 1 for each answer that is one of its row's references, else 0; ValueError: a row has none."""
    return _references.best(_answers.exact, references, predictions)


def bounds(
    references: Sequence[Sequence[str]], predictions: Sequence[str], seed: int, documents: Documents = None
) -> tuple[float, float]:
    """Return the 95 % interval: Wilson's, or a bootstrap over documents that have several rows; (0, 1) for no rows."""
    return share_bounds([value == 1.0 for value in values(references, predictions)], documents, seed)
