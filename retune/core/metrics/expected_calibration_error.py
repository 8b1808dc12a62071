"""Expected calibration error: how far confidence lies from accuracy, on average over bins of confidence; 0 is best."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from retune.core.resampling import Documents, Floats, resampled_sums

KIND = "confidence"
BEST, WORST = 0.0, 1.0
BINS = 15  # of equal width, as in Guo et al. (2017, arXiv:1706.04599)


def score(right: Sequence[bool], confidences: Sequence[float]) -> float:
    """Return the sum over the bins of their share of rows times |accuracy - confidence|; 1 for no rows."""
    sums = _figures(right, confidences).sum(axis=0)
    return float(_error(sums, sums[BINS])) if len(right) else WORST


def bounds(
    right: Sequence[bool], confidences: Sequence[float], seed: int, documents: Documents = None
) -> tuple[float, float]:
    """Return a 95 % interval of a bootstrap over the documents; (0, 1) for no rows.

    Chance alone makes gaps, so the score is too large and a percentile interval of well calibrated answers would not
    hold 0. By the triangle inequality the true error is at least the score less the error that is chance, which is
    what the resamples stray from the sample; the upper end is the percentile's, which errs to the careful side.
    """
    if not len(right):
        return 0.0, 1.0
    figures = _figures(right, confidences)
    sums, value = figures.sum(axis=0), score(right, confidences)
    draws = resampled_sums(figures, documents, seed)
    chance = _error(draws - sums * draws[:, BINS:] / len(right), draws[:, BINS])
    low, high = value - np.percentile(chance, 97.5), np.percentile(_error(draws, draws[:, BINS]), 97.5)
    return max(float(low), 0.0), max(float(high), value)


def bin_of(confidences: Sequence[float]) -> np.ndarray:
    """Return the bin of each confidence: the first holds 0 to 1/15 and its upper end, as all others do."""
    return np.clip(np.ceil(np.asarray(confidences, dtype=np.float64) * BINS).astype(np.int64) - 1, 0, BINS - 1)


def _figures(right: Sequence[bool], confidences: Sequence[float]) -> Floats:
    """Return [rows, bins + 1]: what each row adds to its bin, 1 or 0 less its confidence, and 1 for the row itself."""
    if len(right) != len(confidences):
        raise ValueError(f"{len(confidences)} confidences were given for {len(right)} rows")
    figures = np.zeros((len(right), BINS + 1))
    misses = np.asarray(right, dtype=np.float64) - np.asarray(confidences, dtype=np.float64)
    figures[np.arange(len(right)), bin_of(confidences)] = misses
    figures[:, BINS] = 1.0
    return figures


def _error(sums: Floats, rows: Floats) -> Floats:
    """Return the error of summed figures [..., bins + 1] over so many rows [...]."""
    error: Floats = np.abs(sums[..., :BINS]).sum(axis=-1) / rows
    return error
