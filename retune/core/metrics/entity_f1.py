"""Entity F1: whole entities found with their exact bounds and type; a partial overlap is wrong on both sides.

Strict IOB2, as seqeval 1.2.2 counts it: an entity begins with B- and goes on with I- of its type, nothing else is one.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from retune.core.resampling import Documents, Floats, resampled_sums
from retune.core.statistics import percentile_bounds

KIND = "tags"
BEST, WORST = 1.0, 0.0

Tags = Sequence[Sequence[str]]  # of each row the tag of each token: B-PER, I-PER, O
Entity = tuple[str, int, int]  # type, first token, the token after the last


def score(tags: Tags, predictions: Tags) -> float:
    """Return F1 over all entities; 0 where there is none at all. Raises ValueError where the tokens of a row differ."""
    return float(of_counts(counts(tags, predictions).sum(axis=0)))


def bounds(tags: Tags, predictions: Tags, seed: int, documents: Documents = None) -> tuple[float, float]:
    """Return the 95 % percentile interval of a bootstrap over the documents; (0, 1) for no rows."""
    if not tags:
        return 0.0, 1.0
    return percentile_bounds(of_counts(resampled_sums(counts(tags, predictions), documents, seed)))


def entities(tags: Sequence[str]) -> set[Entity]:
    """Return the entities of one row of IOB2 tags."""
    found: set[Entity] = set()
    kind, start = "", 0
    for place, tag in enumerate([*tags, "O"]):
        if kind and tag != f"I-{kind}":
            found.add((kind, start, place))
            kind = ""
        if tag.startswith("B-"):
            kind, start = tag[2:], place
    return found


def counts(tags: Tags, predictions: Tags) -> Floats:
    """Return how many entities of each row [rows, 3] are found, true and predicted; no tags at all are no answer."""
    found = np.zeros((len(tags), 3))
    for row, (known, answer) in enumerate(zip(tags, predictions, strict=True)):
        if answer and len(answer) != len(known):
            raise ValueError(f"row {row} has {len(known)} tokens and {len(answer)} predicted tags")
        true, predicted = entities(known), entities(answer)
        found[row] = len(true & predicted), len(true), len(predicted)
    return found


def of_counts(sums: Floats) -> Floats:
    """Return 2 found / (true + predicted) of summed counts [..., 3], 0 where there are none."""
    both = sums[..., 1] + sums[..., 2]
    return np.divide(2 * sums[..., 0], both, out=np.zeros(np.shape(both)), where=both > 0)
