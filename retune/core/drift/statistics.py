"""Tests of whether two samples come from one distribution, exact by permutation, and the sizes of what they find.

Under no change, every assignment of the pooled rows to reference and window is as likely as the one that was seen.
So each p is the share of random assignments that differ as much: it holds at any sample size, with ties, empty cells
and clusters that were found on the pooled rows, where the usual approximations do not.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

Reals = NDArray[np.float64]
Masks = NDArray[np.float32]
_TIE = 1e-9  # sums in another order may differ by this much and still be equal


def psi(before: ArrayLike, after: ArrayLike) -> Reals:
    """Return the population stability index of two distributions [..., cells] over the same cells, no share being 0."""
    old, new = np.asarray(before, dtype=np.float64), np.asarray(after, dtype=np.float64)
    return np.asarray(((new - old) * np.log(new / old)).sum(axis=-1))


def shares(counts: ArrayLike) -> Reals:
    """Return the shares of counts, each with half a row more (Jeffreys), so that no empty cell makes PSI infinite."""
    filled = np.asarray(counts, dtype=np.float64) + 0.5
    return np.asarray(filled / filled.sum(axis=-1, keepdims=True))


def assignments(rows: int, window: int, permutations: int, seed: int) -> Masks:
    """Return which pooled rows are the window [1 + permutations, rows] as 0 and 1, first as seen: the last `window`."""
    masks = np.zeros((permutations + 1, rows), dtype=np.float32)
    masks[:, rows - window :] = 1
    np.random.default_rng(seed).permuted(masks[1:], axis=1, out=masks[1:])
    return masks


def p_value(statistics: Reals) -> float:
    """Return the share of assignments at least as extreme as the first, which is the one that was seen."""
    return float((statistics >= statistics[0] - _TIE * max(1.0, abs(statistics[0]))).mean())


def above_chance(sizes: Reals) -> float:
    """Return by how much the first, seen size exceeds the mean over the random assignments; 0 where it does not.

    Two samples always differ: of 77 labels, 150 rows have a PSI of 0.4 against 600 of the same kind.
    """
    return max(float(sizes[0] - sizes[1:].mean()), 0.0)


def chi_square(table: Reals) -> Reals:
    """Return Pearson's chi-square of [..., 2, cells] counts; cells that are empty on both sides count nothing."""
    total = table.sum(axis=(-2, -1), keepdims=True)
    expected = table.sum(axis=-1, keepdims=True) * table.sum(axis=-2, keepdims=True) / total
    parts = np.divide((table - expected) ** 2, expected, out=np.zeros_like(table), where=expected > 0)
    return np.asarray(parts.sum(axis=(-2, -1)))


def counted(masks: Masks, codes: NDArray[np.int64], cells: int) -> Reals:
    """Return the counts [assignments, 2, cells] of reference and window for the cell of each pooled row."""
    onehot = np.eye(cells, dtype=np.float32)[codes]
    window = (masks @ onehot).astype(np.float64)
    return np.stack([onehot.sum(axis=0, dtype=np.float64) - window, window], axis=1)


def kolmogorov_smirnov(masks: Masks, values: Reals) -> Reals:
    """Return the largest distance of the two cumulative distributions under each assignment; ties count as one step."""
    order = np.argsort(values, kind="stable")
    last_of_ties = np.append(np.diff(values[order]) > 0, True)
    ordered = masks[:, order].astype(np.float64)
    inside = ordered.sum(axis=1, keepdims=True)
    window = ordered.cumsum(axis=1) / inside
    reference = (1 - ordered).cumsum(axis=1) / (ordered.shape[1] - inside)
    return np.asarray(np.abs(window - reference)[:, last_of_ties].max(axis=1))


def gaussian_kernel(vectors: NDArray[np.float32]) -> Masks:
    """Return exp(-d^2 / median d^2) of all pairs of pooled rows [rows, width]: the bandwidth knows no sides."""
    square = (vectors**2).sum(axis=1)
    distances = np.maximum(square[:, None] + square[None, :] - 2 * vectors @ vectors.T, 0)
    median = float(np.median(distances[np.triu_indices(len(vectors), 1)]))
    return np.asarray(np.exp(-distances / max(median, 1e-12)), dtype=np.float32)


def mmd_squared(masks: Masks, kernel: Masks) -> Reals:
    """Return the unbiased squared maximum mean discrepancy under each assignment (Gretton et al., JMLR 2012, eq. 3)."""
    hollow = kernel - np.diag(np.diag(kernel))
    window_sums = (masks @ hollow).astype(np.float64)
    inside, rows = masks.sum(axis=1).astype(np.float64), masks.shape[1]
    outside = rows - inside
    both = (window_sums * masks).sum(axis=1)
    crossed = window_sums.sum(axis=1) - both
    rest = float(hollow.sum(dtype=np.float64)) - both - 2 * crossed
    within = both / (inside * (inside - 1)) + rest / (outside * (outside - 1))
    return np.asarray(within - 2 * crossed / (inside * outside))


def fewer_right(before: tuple[int, int], after: tuple[int, int]) -> float:
    """Return Fisher's one-sided exact p that the window (right, rows) has a smaller share right than the reference."""
    from scipy.stats import hypergeom

    rows, right = before[1] + after[1], before[0] + after[0]
    return float(hypergeom.cdf(after[0], rows, right, after[1]))


def holm(p_values: Sequence[float]) -> list[float]:
    """Return the p values corrected for their number after Holm (1979): valid whatever depends on what."""
    order = sorted(range(len(p_values)), key=lambda place: p_values[place])
    corrected, highest = [1.0] * len(p_values), 0.0
    for rank, place in enumerate(order):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[place]))
        corrected[place] = highest
    return corrected
