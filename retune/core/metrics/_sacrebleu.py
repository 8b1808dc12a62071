"""BLEU and chrF by the package sacrebleu, with an interval by documents, which it does not know."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING

import numpy as np

from retune.core.metrics._references import References, checked
from retune.core.resampling import Documents, Floats, resampled_sums
from retune.core.statistics import percentile_bounds

if TYPE_CHECKING:
    from sacrebleu.metrics.base import Metric


def score(metric: Metric, references: References, predictions: Sequence[str]) -> float:
    """Return the score of all rows at once, from 0 to 1; 0 for no rows."""
    return _of(metric, counts(metric, references, predictions).sum(axis=0)) if predictions else 0.0


def bounds(
    metric: Metric, references: References, predictions: Sequence[str], documents: Documents, seed: int
) -> tuple[float, float]:
    """Return the 95 % percentile interval of a bootstrap over the documents; (0, 1) for no rows."""
    if not predictions:
        return 0.0, 1.0
    sums = resampled_sums(counts(metric, references, predictions), documents, seed)
    return percentile_bounds(of_counts(metric, sums))


def counts(metric: Metric, references: References, predictions: Sequence[str]) -> Floats:
    """Return what sacrebleu counts in each row [rows, counts]; the score of rows is that of the sum of their counts."""
    rows = checked(references, predictions)
    # sacrebleu takes the first reference of every row, then the second of every row; None stands for one that is not.
    by_place = list(zip_longest(*(known for known, _ in rows)))
    found = metric._extract_corpus_statistics([answer for _, answer in rows], by_place)  # noqa: SLF001
    return np.array(found, dtype=np.float64)


def of_counts(metric: Metric, sums: Floats) -> Floats:
    """Return the score of each row of summed counts [draws, counts]."""
    return np.array([_of(metric, row) for row in sums])


def _of(metric: Metric, counts: Floats) -> float:
    """Return the score of summed counts, which sacrebleu gives in percent."""
    found: float = metric._compute_score_from_stats(counts.tolist()).score / 100  # noqa: SLF001
    return min(found, 1.0)  # exp(log(1)) is a hair above 1
