"""chrF as sacreBLEU counts it, from 0 to 1: F2 of runs of one to six characters, for any script."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from retune.core.metrics import _sacrebleu
from retune.core.resampling import Documents, Floats

if TYPE_CHECKING:
    from sacrebleu.metrics.chrf import CHRF

KIND = "text"
BEST, WORST = 1.0, 0.0


def score(references: Sequence[Sequence[str]], predictions: Sequence[str]) -> float:
    """Return chrF of all rows at once; 0 for no rows. Raises ValueError for a row without a reference."""
    return _sacrebleu.score(_metric(), references, predictions)


def bounds(
    references: Sequence[Sequence[str]], predictions: Sequence[str], seed: int, documents: Documents = None
) -> tuple[float, float]:
    """Return the 95 % percentile interval of a bootstrap over the documents; (0, 1) for no rows."""
    return _sacrebleu.bounds(_metric(), references, predictions, documents, seed)


def counts(references: Sequence[Sequence[str]], predictions: Sequence[str]) -> Floats:
    """Return what is counted in each row [rows, counts]; the score of rows is that of the sum of their counts."""
    return _sacrebleu.counts(_metric(), references, predictions)


def of_counts(sums: Floats) -> Floats:
    """Return the score of each row of summed counts [draws, counts]."""
    return _sacrebleu.of_counts(_metric(), sums)


def _metric() -> CHRF:
    """Return sacreBLEU's metric as it is published: six characters, no words, beta 2."""
    from sacrebleu.metrics.chrf import CHRF

    return CHRF()
