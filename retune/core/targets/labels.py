"""All labels of a text, none among them: the cell is a JSON list of strings in alphabetical order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from retune.core.targets import _lists

NO_ANSWER = ("",)  # a name that no label has: to say nothing is not to say that there is none
GATES = ("malformed_label", "contradictory_label", "duplicate_example")


def parse(label: str) -> tuple[str, ...]:
    """Return the labels in alphabetical order; raises ValueError for anything but a list of different names."""
    values = _lists.load(label)
    if not all(isinstance(value, str) and value.strip() for value in values):
        raise ValueError("an entry of the label is no name")
    if len(set(values)) < len(values):
        raise ValueError("a name stands twice in the label")
    return tuple(sorted(values))


def dump(value: Iterable[str]) -> str:
    """Return labels as they stand in a cell."""
    return _lists.dump(sorted(set(value)))


def check(label: str, _text: str, _context: str) -> None:
    """Raise ValueError with the reason why these labels cannot be learnt."""
    parse(label)


def pairs(
    kind: str, _texts: Sequence[str], labels: Sequence[str], predictions: Sequence[str]
) -> tuple[list[tuple[str, ...]], list[tuple[str, ...]]]:
    """Return what a metric of sets is asked with; raises ValueError for one of another kind."""
    if kind != "sets":
        raise _lists.refuse(kind, "several labels")
    return [parse(label) for label in labels], [_answered(prediction) for prediction in predictions]


def is_right(label: str, prediction: str) -> bool:
    """Tell whether the prediction has all labels and no other."""
    return parse(label) == _answered(prediction)


def _answered(prediction: str) -> tuple[str, ...]:
    """Return the predicted labels; what cannot be read is no answer."""
    try:
        return parse(prediction)
    except ValueError:
        return NO_ANSWER


def kinds(label: str) -> tuple[str, ...]:
    """Return what is counted of a cell: each of its labels."""
    return parse(label)


def gist(prediction: str) -> str:
    """Return what may not change when a text is put into other words: the labels."""
    return dump(_answered(prediction))
