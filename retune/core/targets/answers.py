"""Where in its context the answers to a question stand: the cell is a JSON list of text and start, [] for none.

All of them are right; the first is learnt.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from retune.core.short_answers import normalised
from retune.core.targets import _lists

GATES = ("malformed_label", "contradictory_label", "duplicate_example")
KEYS = {"text": str, "start": int}


class Answer(NamedTuple):
    """A piece of the context, and the character at which it starts."""

    text: str
    start: int


def parse(label: str) -> tuple[Answer, ...]:
    """Return the answers in their order; raises ValueError where one is empty or starts before the context."""
    found = tuple(Answer(**value) for value in _lists.objects(label, KEYS))
    if any(not answer.text.strip() or answer.start < 0 for answer in found):
        raise ValueError("an answer is empty, or starts before the context")
    return found


def dump(value: Iterable[Answer]) -> str:
    """Return answers as they stand in a cell."""
    return _lists.dump([answer._asdict() for answer in value])


def check(label: str, _text: str, context: str) -> None:
    """Raise ValueError with the reason why these answers cannot be learnt from this context."""
    for answer in parse(label):
        if context[answer.start : answer.start + len(answer.text)] != answer.text:
            raise ValueError(f"the answer does not stand at character {answer.start} of the context")


def pairs(
    kind: str, _texts: Sequence[str], labels: Sequence[str], predictions: Sequence[str]
) -> tuple[list[list[str]], list[str]]:
    """Return all right answers of each row and the one that was given, "" where there is none.

    Raises ValueError for a metric of another kind than spans and text.
    """
    if kind not in ("spans", "text"):
        raise _lists.refuse(kind, "answers")
    known = [[answer.text for answer in parse(label)] or [""] for label in labels]
    return known, [answered(prediction) for prediction in predictions]


def is_right(label: str, prediction: str) -> bool:
    """Tell whether the prediction is one of the answers, but for case, punctuation and articles."""
    known = [answer.text for answer in parse(label)] or [""]
    return normalised(answered(prediction)) in map(normalised, known)


def answered(prediction: str) -> str:
    """Return the text of a predicted answer, "" where there is none that can be read."""
    try:
        return next((answer.text for answer in parse(prediction)), "")
    except ValueError:
        return ""


def kinds(label: str) -> tuple[str, ...]:
    """Return what is counted of a cell: whether the context has an answer."""
    return ("an answer",) if parse(label) else ("no answer",)


def gist(prediction: str) -> str:
    """Return what may not change when a question is put into other words: the words of the answer."""
    return normalised(answered(prediction))
