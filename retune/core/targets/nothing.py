"""Nothing but the text itself is learnt: the cell is empty."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Never

from retune.core.targets import _lists

GATES = ("malformed_label", "duplicate_example")


def parse(label: str) -> None:
    """Return nothing; raises ValueError for a cell that is not empty."""
    if label.strip():
        raise ValueError("a label, where only the text is learnt")


def dump(_value: None) -> str:
    """Return the empty cell."""
    return ""


def check(label: str, _text: str, _context: str) -> None:
    """Raise ValueError where there is a label."""
    parse(label)


def pairs(kind: str, _texts: Sequence[str], _labels: Sequence[str], _predictions: Sequence[str]) -> Never:
    """Raise ValueError: only what a text costs can be measured, and that needs no answer."""
    raise _lists.refuse(kind, "a text alone")


def is_right(_label: str, _prediction: str) -> bool:
    """Tell that nothing was asked that could be right."""
    return False


def kinds(_label: str) -> tuple[str, ...]:
    """Return what is counted of a cell: nothing."""
    return ()


def gist(_prediction: str) -> str:
    """Return nothing: nothing is answered."""
    return ""
