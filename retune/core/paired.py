"""Two models by what each of their answers is worth: the paired test for scores that are not just right or wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from retune.core.resampling import Documents, Floats, places_of, resampled_sums
from retune.core.statistics import percentile_bounds

FLIPS = 9999
CELLS_AT_ONCE = 2_000_000  # signs that are drawn together: 16 MB
TIE = 1e-9  # sums in another order may differ by this much and still be equal


@dataclass(frozen=True)
class PairedValues:
    """Two models on the same rows: the gain in mean value of the second over the first, and how sure it is."""

    rows: int
    won: int  # rows on which the second's value is higher
    lost: int
    p: float
    gain: float
    gain_low: float
    gain_high: float


def compare_values(
    first: Sequence[float], second: Sequence[float], seed: int, documents: Documents = None
) -> PairedValues:
    """Compare two models by their values of the same rows, documents as wholes; ValueError where lengths differ."""
    gains = np.array([two - one for one, two in zip(first, second, strict=True)], dtype=np.float64)
    if not len(gains):
        return PairedValues(0, 0, 0, 1.0, 0.0, -1.0, 1.0)
    sums = resampled_sums(np.column_stack([gains, np.ones(len(gains))]), documents, seed)
    low, high = percentile_bounds(sums[:, 0] / sums[:, 1])
    by_document = np.bincount(places_of(documents, len(gains)), gains).astype(np.float64)
    won, lost = int((gains > 0).sum()), int((gains < 0).sum())
    return PairedValues(len(gains), won, lost, sign_flip(by_document, seed), float(gains.mean()), low, high)


def sign_flip(gains: Floats, seed: int) -> float:
    """Return the two-sided p of Fisher's sign-flip test: if neither model is better, each gain could as well be a loss.

    The share of random signs whose sum is as far from 0 as the one seen, itself counted among them.
    """
    moved = gains[gains != 0]
    if not len(moved):
        return 1.0
    seen, draw = abs(moved.sum()) * (1 - TIE), np.random.default_rng(seed)
    extreme, at_once = 1, max(CELLS_AT_ONCE // len(moved), 1)
    for start in range(0, FLIPS, at_once):
        signs = 2.0 * draw.integers(2, size=(min(at_once, FLIPS - start), len(moved)), dtype=np.int8) - 1
        extreme += int((np.abs(signs @ moved) >= seen).sum())
    return extreme / (FLIPS + 1)
