"""Scores of each class where a row has several of them or none: labels of a text, types of its entities."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from retune.core import scoring, statistics
from retune.core.metrics.entity_f1 import entities
from retune.core.resampling import Documents, Floats, resampled_sums
from retune.core.scoring import Asked, Given
from retune.core.statistics import Interval, percentile_bounds

Kinds = Sequence[tuple[Sequence[str], Sequence[str], Sequence[str]]]  # of each row the classes found, true, predicted


def of_labels(asked: Asked, given: Given, seed: int) -> dict[str, Any]:
    """Return precision, recall and F1 of each label of rows that have several."""
    pairs = scoring.target("labels").pairs("sets", asked.texts, asked.labels, given.predictions)
    kinds = [(sorted(set(true) & set(said)), true, said) for true, said in zip(*pairs, strict=True)]
    return per_class(kinds, seed, asked.documents)


def of_entities(asked: Asked, given: Given, seed: int) -> dict[str, Any]:
    """Return precision, recall and F1 of each type of entity."""
    pairs = scoring.target("entities").pairs("tags", asked.texts, asked.labels, given.predictions)
    sides = [(entities(true), entities(said)) for true, said in zip(*pairs, strict=True)]
    kinds = [tuple([one[0] for one in found] for found in (true & said, true, said)) for true, said in sides]
    return per_class(kinds, seed, asked.documents)  # type: ignore[arg-type] # three of each


def per_class(kinds: Kinds, seed: int, documents: Documents) -> dict[str, Any]:
    """Return precision, recall and F1 of each class with 95 % intervals (Wilson, Wilson, bootstrap), and its counts.

    The name of no class, which stands for no answer, is left out.
    """
    names = sorted({name for row in kinds for side in row for name in side} - {""})
    if not names:
        return {}
    counts = _counts(kinds, names)
    draws = _f1(resampled_sums(counts.reshape(len(kinds), -1), documents, seed).reshape(-1, 3, len(names)))
    sums = counts.sum(axis=0)
    values, scored = _f1(sums), dict[str, Any]()
    for place, name in enumerate(names):
        found, true, predicted = (int(count) for count in sums[:, place])
        scored[name] = {
            "rows": true,
            "predicted": predicted,
            "precision": scoring.shown(statistics.wilson(found, predicted)),
            "recall": scoring.shown(statistics.wilson(found, true)),
            "f1": scoring.shown(Interval(float(values[place]), *percentile_bounds(draws[:, place]))),
        }
    return scored


def _counts(kinds: Kinds, names: Sequence[str]) -> Floats:
    """Return how often each class is found, true and predicted in each row [rows, 3, classes]."""
    places = {name: place for place, name in enumerate(names)}
    counts = np.zeros((len(kinds), 3, len(names)))
    for row, sides in enumerate(kinds):
        for side, chosen in enumerate(sides):
            for name in chosen:
                if name in places:
                    counts[row, side, places[name]] += 1
    return counts


def _f1(sums: Floats) -> Floats:
    """Return F1 of counts [..., 3, classes]; 0 for a class that neither is true nor predicted."""
    under = sums[..., 1, :] + sums[..., 2, :]
    return np.divide(2 * sums[..., 0, :], under, out=np.zeros(np.shape(under)), where=under > 0)
