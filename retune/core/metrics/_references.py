"""Several right answers to one question: the nearest counts."""

from __future__ import annotations

from collections.abc import Callable, Sequence

References = Sequence[Sequence[str]]  # for each row the answers that are right


def checked(references: References, predictions: Sequence[str]) -> list[tuple[Sequence[str], str]]:
    """Return the references and the prediction of each row; raises ValueError where they do not fit."""
    rows = list(zip(references, predictions, strict=True))
    bare = [place for place, (known, _) in enumerate(rows) if isinstance(known, str) or not known]
    if bare:
        raise ValueError(f"row {bare[0]} has no list of references")
    return rows


def best(score: Callable[[str, str], float], references: References, predictions: Sequence[str]) -> list[float]:
    """Return for each row the score of its prediction against the reference that it is nearest to."""
    return [max(score(one, answer) for one in known) for known, answer in checked(references, predictions)]


def f1(common: int, reference: int, prediction: int) -> float:
    """Return the harmonic mean of common / reference and common / prediction."""
    return 2 * common / (reference + prediction) if common else 0.0
