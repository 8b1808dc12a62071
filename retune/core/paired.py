"""Two models by what each of their answers is worth: the paired test for scores that are not just right or wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from retune.core.resampling import Documents, Floats, places_of, resampled_sums
from retune.core.statistics import gain_at_least, percentile_bounds

FLIPS = 9999
COUNTED_FLIPS = 1999  # of counts: a score of them may take 50 microseconds
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
    at_least: float  # the one-sided 95 % lower bound of the gain


NOTHING = PairedValues(0, 0, 0, 1.0, 0.0, -1.0, 1.0, -1.0)  # of no rows


def compare_values(
    first: Sequence[float], second: Sequence[float], seed: int, documents: Documents = None
) -> PairedValues:
    """Compare two models by their values of the same rows, documents as wholes; ValueError where lengths differ."""
    gains = np.array([two - one for one, two in zip(first, second, strict=True)], dtype=np.float64)
    if not len(gains):
        return NOTHING
    sums = resampled_sums(np.column_stack([gains, np.ones(len(gains))]), documents, seed)
    by_document = np.bincount(places_of(documents, len(gains)), gains).astype(np.float64)
    draws = sums[:, 0] / sums[:, 1]
    return _paired(gains, float(gains.mean()), draws, sign_flip(by_document, seed), len(by_document))


def compare_counts(
    first: Floats, second: Floats, score: Callable[[Floats], Floats], seed: int, documents: Documents = None
) -> PairedValues:
    """Compare two models by a score of the sums of their counts [rows, counts], such as an F1 over all rows.

    `score` gives that of each row of summed counts [draws, counts], the higher the better. p is two-sided, of
    approximate randomisation (Noreen 1989; Yeh 2000, arXiv cs/0008005): documents change hands at random. Rows are won
    and lost by the score of each alone.
    """
    if first.shape != second.shape:
        raise ValueError(f"counts of {first.shape} against {second.shape}")
    if not len(first):
        return NOTHING
    both = resampled_sums(np.hstack([first, second]), documents, seed)
    draws = score(both[:, first.shape[1] :]) - score(both[:, : first.shape[1]])
    alone = score(first), score(second)
    gains = np.zeros(len(first))
    np.subtract(alone[1], alone[0], out=gains, where=alone[0] != alone[1])  # both may be infinite
    gain = float(score(second.sum(axis=0)[None])[0] - score(first.sum(axis=0)[None])[0])
    places = places_of(documents, len(first))
    moved = np.zeros((int(places.max()) + 1, first.shape[1]))
    np.add.at(moved, places, second - first)
    p = _randomised(first.sum(axis=0), moved[np.abs(moved).sum(axis=1) > 0], score, gain, seed)
    return _paired(gains, gain, draws, p, len(moved))


def _paired(gains: Floats, gain: float, draws: Floats, p: float, documents: int) -> PairedValues:
    """Return what a comparison found; where no row differs the rows tell no more than so many equal answers would."""
    low, high = percentile_bounds(draws)
    at_least = float(np.percentile(draws, 5)) if gains.any() else gain_at_least(0, 0, documents)
    return PairedValues(len(gains), int((gains > 0).sum()), int((gains < 0).sum()), p, gain, low, high, at_least)


def _randomised(first: Floats, moved: Floats, score: Callable[[Floats], Floats], gain: float, seed: int) -> float:
    """Return the share of random exchanges whose gain is as far from 0 as the one seen, itself counted among them."""
    if not len(moved):
        return 1.0
    total, seen, extreme = moved.sum(axis=0), abs(gain) * (1 - TIE), 1
    for signs in _signs(COUNTED_FLIPS, len(moved), seed):
        taken = (signs > 0).astype(np.float64) @ moved
        gains = score(first + taken) - score(first + total - taken)
        extreme += int((np.abs(gains) >= seen).sum())
    return extreme / (COUNTED_FLIPS + 1)


def sign_flip(gains: Floats, seed: int) -> float:
    """Return the two-sided p of Fisher's sign-flip test: if neither model is better, each gain could as well be a loss.

    The share of random signs whose sum is as far from 0 as the one seen, itself counted among them.
    """
    moved = gains[gains != 0]
    if not len(moved):
        return 1.0
    seen, extreme = abs(moved.sum()) * (1 - TIE), 1
    for signs in _signs(FLIPS, len(moved), seed):
        extreme += int((np.abs(signs @ moved) >= seen).sum())
    return extreme / (FLIPS + 1)


def _signs(flips: int, moved: int, seed: int) -> Iterator[Floats]:
    """Yield so many rows of random signs [some, moved], as many at once as fit in memory."""
    draw, at_once = np.random.default_rng(seed), max(CELLS_AT_ONCE // moved, 1)
    for start in range(0, flips, at_once):
        bits = draw.integers(2, size=(min(at_once, flips - start), moved), dtype=np.int8)
        yield np.asarray(2.0 * bits - 1, dtype=np.float64)
