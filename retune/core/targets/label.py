"""One label of a text: the cell is the label."""

from __future__ import annotations

from collections.abc import Sequence

from retune.core.targets import _lists

GATES = ("missing_label", "unknown_label", "rare_label", "contradictory_label", "duplicate_example", "class_balance")


def parse(label: str) -> str:
    """Return the label; raises ValueError where there is none."""
    if not label.strip():
        raise ValueError("no label")
    return label.strip()


def dump(value: str) -> str:
    """Return a label as it stands in a cell."""
    return value


def check(label: str, _text: str, _context: str) -> None:
    """Accept any label of any text; one that is missing is another gate's."""


def pairs(
    kind: str, _texts: Sequence[str], labels: Sequence[str], predictions: Sequence[str]
) -> tuple[Sequence[str], Sequence[str]]:
    """Return what a metric of labels is asked with; raises ValueError for one of another kind."""
    if kind != "labels":
        raise _lists.refuse(kind, "one label")
    return labels, predictions


def is_right(label: str, prediction: str) -> bool:
    """Tell whether the prediction is the label."""
    return label == prediction


def kinds(label: str) -> tuple[str, ...]:
    """Return what is counted of a cell: the label."""
    return (parse(label),)


def gist(prediction: str) -> str:
    """Return what may not change when a text is put into other words: the label."""
    return prediction
