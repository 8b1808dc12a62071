"""Who was taken for whom: the counts from which the scores of a classification are made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retune.core.statistics import resampled_counts

Numbers = NDArray[Any]


@dataclass(frozen=True)
class Confusion:
    """Counts [labels, labels + 1]: rows are true labels, columns predictions, the last one no prediction at all."""

    labels: list[str]
    counts: NDArray[np.int64]


def confusion(labels: Sequence[str], predictions: Sequence[str]) -> Confusion:
    """Count each pair of label and prediction; an empty prediction is no label and always wrong."""
    known = sorted({*labels, *predictions} - {""})
    places = {label: place for place, label in enumerate(known)} | {"": len(known)}
    counts = np.zeros((len(known), len(known) + 1), dtype=np.int64)
    for label, prediction in zip(labels, predictions, strict=True):
        counts[places[label], places[prediction]] += 1
    return Confusion(known, counts)


def f1(hits: Numbers, true: Numbers, predicted: Numbers) -> NDArray[np.float64]:
    """Return F1 = 2 hits / (true + predicted) per label; NaN for a label that neither occurs nor is predicted."""
    both = np.asarray(true + predicted, dtype=np.float64)
    scores = np.full(both.shape, np.nan)
    np.divide(2.0 * hits, both, out=scores, where=both > 0)
    return scores


def f1_per_label(found: Confusion) -> NDArray[np.float64]:
    """Return F1 per label, in the order of the labels."""
    square = found.counts[:, :-1]
    return f1(square.diagonal(), found.counts.sum(axis=1), square.sum(axis=0))


def resampled_f1(found: Confusion, seed: int) -> NDArray[np.float64]:
    """Return F1 [resamples, labels] in rows drawn again and again; NaN where a draw has nothing of a label."""
    true, predicted = np.nonzero(found.counts)
    draws = resampled_counts(found.counts[true, predicted], seed).astype(np.float64)
    places = np.arange(len(found.labels))
    by_true = (true[:, None] == places).astype(np.float64)
    by_predicted = (predicted[:, None] == places).astype(np.float64)
    return f1(draws @ (by_true * by_predicted), draws @ by_true, draws @ by_predicted)
