"""Intervals, the paired test, and what a test split can show at all."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Z_95 = 1.959963984540054  # the 97.5th percentile of the standard normal: every interval here is a 95 % interval
Z_95_ONE_SIDED = 1.6448536269514722  # the 95th percentile: what a one-sided 95 % bound is made with
RESAMPLES = 2000
TARGET_POWER = 0.8


@dataclass(frozen=True)
class Interval:
    """A score between its 95 % bounds."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Paired:
    """Two models on the same rows: only the first right `b` times, only the second `c` times."""

    rows: int
    b: int
    c: int
    p: float
    gain: float  # of the second over the first, in accuracy
    gain_low: float
    gain_high: float


def wilson(successes: int, trials: int) -> Interval:
    """Return a share with its 95 % interval after Wilson (1927); no trials give the whole range [0, 1]."""
    if trials == 0:
        return Interval(0.0, 0.0, 1.0)
    share, z_squared = successes / trials, Z_95**2
    centre = (share + z_squared / (2 * trials)) / (1 + z_squared / trials)
    spread = math.sqrt(share * (1 - share) / trials + z_squared / (4 * trials**2))
    half = Z_95 * spread / (1 + z_squared / trials)
    return Interval(share, max(centre - half, 0.0), min(centre + half, 1.0))


def half_width(share: float, rows: int) -> float:
    """Return the half-width of the normal 95 % interval of a share, as it is printed beside a score."""
    return Z_95 * math.sqrt(share * (1 - share) / rows)


def rows_for_half_width(share: float, half: float) -> int:
    """Return how many rows a 95 % interval of that half-width needs; the inverse of `half_width`."""
    return math.ceil(Z_95**2 * share * (1 - share) / half**2)


def resampled_counts(counts: NDArray[np.int64], seed: int, resamples: int = RESAMPLES) -> NDArray[np.int64]:
    """Draw the rows again and again: returns [resamples, cells], how often each cell of `counts` [cells] came up."""
    rows = int(counts.sum())
    return np.random.default_rng(seed).multinomial(rows, counts / rows, size=resamples)


def percentile_bounds(draws: NDArray[np.float64]) -> tuple[float, float]:
    """Return the 2.5th and 97.5th percentile of a statistic over the resamples in which it is defined (not NaN)."""
    defined = draws[~np.isnan(draws)]
    if not len(defined):
        return 0.0, 1.0
    low, high = np.percentile(defined, [2.5, 97.5])
    return float(low), float(high)


def p_text(p: float) -> str:
    """Return a p value as a person reads it: one too small for four digits is not called zero."""
    return f"p = {p:.4f}" if p >= 0.0001 else "p < 0.0001"


def mcnemar_exact(b: int, c: int) -> float:
    """Return the two-sided p of the exact McNemar test on the rows that exactly one of two models has right."""
    if b + c == 0:
        return 1.0
    from scipy.stats import binom

    return min(1.0, 2 * float(binom.cdf(min(b, c), b + c, 0.5)))


def compare(labels: Sequence[str], first: Sequence[str], second: Sequence[str]) -> Paired:
    """Compare two models by their predictions on the same rows; raises ValueError where the lengths differ."""
    triples = list(zip(labels, first, second, strict=True))
    b = sum(one == label != two for label, one, two in triples)
    c = sum(two == label != one for label, one, two in triples)
    return mcnemar(b, c, len(triples))


def mcnemar(b: int, c: int, rows: int) -> Paired:
    """Return the comparison of two models of which only the first has `b` rows right, only the second `c`."""
    low, high = gain_bounds(b, c, rows)
    return Paired(rows, b, c, mcnemar_exact(b, c), (c - b) / max(rows, 1), low, high)


def gain_bounds(b: int, c: int, rows: int) -> tuple[float, float]:
    """Return the 95 % interval of a paired gain after Agresti and Min (2005): Wald with half a row more per cell."""
    first, second, total = b + 0.5, c + 0.5, rows + 2
    gain = (second - first) / total
    half = Z_95 * math.sqrt(first + second - (second - first) ** 2 / total) / total
    return max(gain - half, -1.0), min(gain + half, 1.0)


def gain_at_least(b: int, c: int, rows: int) -> float:
    """Return the one-sided 95 % lower bound of a paired gain: the score interval of Tango (1998, Statist. Med. 17:891).

    `b` of the rows only the first model has right, `c` only the second; the gain is the second's accuracy less the
    first's. A Wald bound fails where it matters most: with no differing row it would be zero, however few rows.
    """
    if rows == 0:
        return -1.0
    low, high = -1.0, (c - b) / rows
    while high - low > 1e-9:
        middle = (low + high) / 2
        low, high = (middle, high) if _tango(b, c, rows, middle) > Z_95_ONE_SIDED else (low, middle)
    return low


def _tango(b: int, c: int, rows: int, gain: float) -> float:
    """Return Tango's score of a supposed gain: how many standard errors above it the measured one lies.

    The share of rows that only the first has right is estimated with the gain held fixed: the larger root of
    2n q^2 - (b + c - (2n - c + b) gain) q - b gain (1 - gain) = 0.
    """
    linear = (2 * rows - c + b) * gain - b - c
    constant = -b * gain * (1 - gain)
    lost = (math.sqrt(max(linear**2 - 8 * rows * constant, 0.0)) - linear) / (4 * rows)
    variance = rows * (2 * lost + gain * (1 - gain))
    return (c - b - rows * gain) / math.sqrt(variance) if variance > 0 else math.inf


def best_margin(rows: int) -> float:
    """Return the smallest margin within which so many rows can show a model that answers them all alike."""
    return -gain_at_least(0, 0, rows)


def paired_power(rows: int, gain: float, discordance: float, alpha: float) -> float:
    """Return the chance that the exact McNemar test shows a true gain in accuracy at `alpha`.

    Exact sum over the number of rows on which the two models differ, Binomial(rows, discordance); of these the better
    model wins the share (discordance + gain) / (2 discordance). A significant loss does not count.
    """
    from scipy.stats import binom

    if rows == 0 or discordance <= 0:
        return 0.0
    fewest, most = binom.ppf([1e-12, 1 - 1e-12], rows, discordance)
    differing = np.arange(fewest, most + 1)
    weights = binom.pmf(differing, rows, discordance)
    highest_insignificant = binom.isf(alpha / 2, differing, 0.5)
    wins = min((discordance + gain) / (2 * discordance), 1.0)
    return float(weights @ binom.sf(highest_insignificant, differing, wins))


def likely_discordance(gain: float, measured: float) -> float:
    """Return on which share of rows two models differ if one gains so much: as measured, at least twice the gain.

    Twice the gain means three rows won for one lost; a test planned on fewer losses would promise too much.
    """
    return min(max(measured, 2 * gain), 1.0)


def smallest_gain(rows: int, measured_discordance: float, alpha: float) -> float | None:
    """Return the smallest true gain shown four times in five, to 0.0001; None where no gain up to 0.5 would be."""

    def power(gain: float) -> float:
        return paired_power(rows, gain, likely_discordance(gain, measured_discordance), alpha)

    low, high = 0.0, 0.5
    if power(high) < TARGET_POWER:
        return None
    while high - low > 1e-4:
        middle = (low + high) / 2
        low, high = (low, middle) if power(middle) >= TARGET_POWER else (middle, high)
    return round(high, 4)
