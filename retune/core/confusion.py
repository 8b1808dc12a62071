"""Who was taken for whom: the counts from which the scores of a classification are made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retune.core.resampling import Documents, each_apart, row_weights
from retune.core.statistics import percentile_bounds, resampled_counts

Numbers = NDArray[Any]


@dataclass(frozen=True)
class Confusion:
    """Counts [labels, labels + 1]: rows are true labels, columns predictions, the last one no prediction at all."""

    labels: list[str]
    counts: NDArray[np.int64]


@dataclass(frozen=True)
class Tallies:
    """Per label [..., labels]: how often it was hit, is true and was predicted."""

    hits: Numbers
    true: Numbers
    predicted: Numbers


Pairs = tuple[Sequence[str], Sequence[str]]  # labels and predictions of the same rows
Statistic = Callable[[Tallies], NDArray[np.float64]]
Score = Callable[[Sequence[str], Sequence[str]], float]
Bounds = Callable[..., tuple[float, float]]  # of labels, predictions, seed and, where rows share them, documents


def confusion(labels: Sequence[str], predictions: Sequence[str]) -> Confusion:
    """Count each pair of label and prediction; an empty prediction is no label and always wrong."""
    known = sorted({*labels, *predictions} - {""})
    places = {label: place for place, label in enumerate(known)} | {"": len(known)}
    counts = np.zeros((len(known), len(known) + 1), dtype=np.int64)
    for label, prediction in zip(labels, predictions, strict=True):
        counts[places[label], places[prediction]] += 1
    return Confusion(known, counts)


def f1(found: Tallies) -> NDArray[np.float64]:
    """Return F1 = 2 hits / (true + predicted) per label; NaN for a label that neither occurs nor is predicted."""
    return ratio(2.0 * found.hits, found.true + found.predicted)


def ratio(over: Numbers, under: Numbers) -> NDArray[np.float64]:
    """Return the quotient, NaN where there is nothing to divide by."""
    result = np.full(np.shape(under), np.nan)
    np.divide(over, under, out=result, where=np.asarray(under) > 0)
    return result


def tallies(found: Confusion) -> Tallies:
    """Return how often each label was hit, is true and was predicted."""
    square = found.counts[:, :-1]
    return Tallies(square.diagonal(), found.counts.sum(axis=1), square.sum(axis=0))


def resampled_tallies(found: Confusion, seed: int) -> Tallies:
    """Return the tallies [resamples, labels] of rows drawn again and again."""
    true, predicted = np.nonzero(found.counts)
    draws = resampled_counts(found.counts[true, predicted], seed).astype(np.float64)
    return _tallied(draws, true, predicted, len(found.labels))


def tallies_by_document(found: Confusion, rows: Pairs, documents: Documents, seed: int) -> Tallies:
    """Return the tallies [resamples, labels] of whole documents drawn again and again; `rows` are those of `found`."""
    places = {label: place for place, label in enumerate(found.labels)} | {"": len(found.labels)}
    codes = np.array([(places[label], places[prediction]) for label, prediction in zip(*rows, strict=True)])
    cells, cell_of_row = np.unique(codes, axis=0, return_inverse=True)
    counts = [np.bincount(cell_of_row.ravel(), weights) for weights in row_weights(documents, len(codes), seed)]
    return _tallied(np.array(counts), cells[:, 0], cells[:, 1], len(found.labels))


def bounds(rows: Pairs, statistic: Statistic, documents: Documents, seed: int) -> tuple[float, float]:
    """Return the 95 % percentile interval of a statistic of the tallies of labels and predictions."""
    found = confusion(*rows)
    if each_apart(documents, len(rows[0])):
        return percentile_bounds(statistic(resampled_tallies(found, seed)))
    return percentile_bounds(statistic(tallies_by_document(found, rows, documents, seed)))


def scored_by(statistic: Statistic, *, best: float, worst: float) -> tuple[Score, Bounds]:
    """Return `score` and `bounds` of a metric that is a statistic of the tallies; no rows are the worst score.

    The interval holds 95 % of a bootstrap over the documents; of no rows nothing is known.
    """

    def score(labels: Sequence[str], predictions: Sequence[str]) -> float:
        return float(statistic(tallies(confusion(labels, predictions)))) if labels else worst

    def of_rows(
        labels: Sequence[str], predictions: Sequence[str], seed: int, documents: Documents = None
    ) -> tuple[float, float]:
        return bounds((labels, predictions), statistic, documents, seed) if labels else (worst, best)

    return score, of_rows


def f1_per_label(found: Confusion) -> NDArray[np.float64]:
    """Return F1 per label, in the order of the labels."""
    return f1(tallies(found))


def resampled_f1(found: Confusion, seed: int) -> NDArray[np.float64]:
    """Return F1 [resamples, labels] in rows drawn again and again; NaN where a draw has nothing of a label."""
    return f1(resampled_tallies(found, seed))


def _tallied(draws: Numbers, true: Numbers, predicted: Numbers, labels: int) -> Tallies:
    """Return the tallies of counts [resamples, cells], given the true and the predicted label of each cell."""
    places = np.arange(labels)
    by_true = (true[:, None] == places).astype(np.float64)
    by_predicted = (predicted[:, None] == places).astype(np.float64)
    return Tallies(draws @ (by_true * by_predicted), draws @ by_true, draws @ by_predicted)
