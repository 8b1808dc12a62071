"""Short answers as SQuAD compares them (`retune.core.short_answers`)."""

from __future__ import annotations

from collections import Counter

from retune.core.metrics._references import f1
from retune.core.short_answers import normalised


def exact(reference: str, prediction: str) -> float:
    """Return 1 if the answers are the same, else 0; no answer is right only where the reference is empty."""
    return float(normalised(reference) == normalised(prediction))


def overlap(reference: str, prediction: str) -> float:
    """Return the F1 of the words; 1 where both answers have none."""
    first, second = normalised(reference).split(), normalised(prediction).split()
    if not first or not second:
        return float(first == second)
    return f1((Counter(first) & Counter(second)).total(), len(first), len(second))
