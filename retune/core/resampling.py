"""Intervals of any statistic: whole documents are drawn again and again, for rows of one document err together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from retune.core.statistics import RESAMPLES, percentile_bounds, wilson

Documents = Sequence[str] | None  # the document of each row; None where each row is a document of its own
Floats = NDArray[np.float64]


def places_of(documents: Documents, rows: int) -> NDArray[np.int64]:
    """Return the number of each row's document [rows]; raises ValueError where the lengths differ."""
    if documents is None:
        return np.arange(rows)
    if len(documents) != rows:
        raise ValueError(f"{len(documents)} documents were given for {rows} rows")
    return np.unique(np.asarray(documents, dtype=str), return_inverse=True)[1]


def each_apart(documents: Documents, rows: int) -> bool:
    """Tell whether no two rows share a document; raises ValueError where the lengths differ."""
    return documents is None or int(places_of(documents, rows).max(initial=-1)) + 1 == rows


def row_weights(documents: Documents, rows: int, seed: int, resamples: int = RESAMPLES) -> Iterator[Floats]:
    """Yield for each resample how often each row is in it [rows], as often as its document was drawn."""
    places = places_of(documents, rows)
    count, draw = int(places.max()) + 1, np.random.default_rng(seed)
    for _ in range(resamples):
        times = np.bincount(draw.integers(count, size=count), minlength=count)
        yield times[places].astype(np.float64)


def resampled_sums(figures: Floats, documents: Documents, seed: int) -> Floats:
    """Return the sums [resamples, figures] of what is known of each row [rows, figures]."""
    return np.array([weights @ figures for weights in row_weights(documents, len(figures), seed)])


def mean_bounds(values: Sequence[float], documents: Documents, seed: int) -> tuple[float, float]:
    """Return the 95 % interval of a mean of values from 0 to 1; (0, 1) for no rows.

    Where all values are 0 or all are 1 no resample differs, and a bootstrap would be sure of what a few documents show:
    then it is Wilson's, each document counted once.
    """
    if not len(values):
        return 0.0, 1.0
    found = np.asarray(values, dtype=np.float64)
    if found.min() == found.max() and found[0] in (0.0, 1.0):
        alike = int(places_of(documents, len(found)).max()) + 1
        interval = wilson(alike if found[0] else 0, alike)
        return interval.low, interval.high
    sums = resampled_sums(np.column_stack([found, np.ones(len(found))]), documents, seed)
    return percentile_bounds(sums[:, 0] / sums[:, 1])


def share_bounds(hits: Sequence[bool], documents: Documents, seed: int) -> tuple[float, float]:
    """Return the 95 % interval of a share: Wilson's, but by whole documents where one has several rows."""
    if each_apart(documents, len(hits)):
        interval = wilson(sum(hits), len(hits))
        return interval.low, interval.high
    return mean_bounds([float(hit) for hit in hits], documents, seed)
