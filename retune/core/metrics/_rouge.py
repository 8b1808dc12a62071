"""ROUGE after Lin (2004), without stemming: on ASCII that of rouge-score, a package that drops all other letters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from retune.core.metrics._references import f1
from retune.core.metrics._words import words


def of_runs(length: int) -> Callable[[str, str], float]:
    """Return the ROUGE of runs of so many words."""

    def rouge(reference: str, prediction: str) -> float:
        first, second = _runs(words(reference), length), _runs(words(prediction), length)
        return f1((first & second).total(), first.total(), second.total())

    return rouge


def of_subsequence(reference: str, prediction: str) -> float:
    """Return ROUGE-L, of the longest common subsequence of words."""
    first, second = words(reference), words(prediction)
    return f1(common_subsequence(first, second), len(first), len(second))


def common_subsequence(first: Sequence[str], second: Sequence[str]) -> int:
    """Return the length of the longest common subsequence, a row of the table at a time in the bits of one number.

    Hyyrö (2004, Bit-parallel LCS-length computation revisited): a bit of `row` is 0 where the length grows.
    """
    places: dict[str, int] = {}
    for place, word in enumerate(first):
        places[word] = places.get(word, 0) | 1 << place
    whole = (1 << len(first)) - 1
    row = whole
    for word in second:
        matches = row & places.get(word, 0)
        row = ((row + matches) | (row - matches)) & whole
    return len(first) - row.bit_count()


def _runs(found: list[str], length: int) -> Counter[tuple[str, ...]]:
    """Count the runs of so many words."""
    return Counter(zip(*(found[start:] for start in range(length)), strict=False))
