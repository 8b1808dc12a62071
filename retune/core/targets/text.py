"""A text to be written: the cell is the text."""

from __future__ import annotations

from collections.abc import Sequence

from retune.core.targets import _lists

GATES = ("missing_label", "several_completions", "duplicate_example", "unprepared")


def parse(label: str) -> str:
    """Return the text; raises ValueError where there is none."""
    if not label.strip():
        raise ValueError("no text")
    return label


def dump(value: str) -> str:
    """Return a text as it stands in a cell."""
    return value


def check(label: str, _text: str, _context: str) -> None:
    """Accept any text; one that is missing is another gate's."""


def pairs(
    kind: str, _texts: Sequence[str], labels: Sequence[str], predictions: Sequence[str]
) -> tuple[Sequence[Sequence[str]], Sequence[str]]:
    """Return the one reference of each row and what was written; as labels, where completions are few and short.

    Raises ValueError for a metric of another kind than text, spans and labels.
    """
    if kind == "labels":
        return [label.strip() for label in labels], [prediction.strip() for prediction in predictions]
    if kind not in ("text", "spans"):
        raise _lists.refuse(kind, "text")
    return [[label] for label in labels], predictions


def is_right(label: str, prediction: str) -> bool:
    """Tell whether the prediction is the very text, but for white space around it."""
    return label.strip() == prediction.strip()


def kinds(_label: str) -> tuple[str, ...]:
    """Return what is counted of a cell: nothing, every text is its own."""
    return ()


def gist(prediction: str) -> str:
    """Return what may not change when a text is put into other words: what was written, but for white space."""
    return " ".join(prediction.split())
