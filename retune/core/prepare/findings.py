"""What a check says of a file, and what would mend it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

ERROR, NECESSARY, RECOMMENDED, WARNING, NOTE = LEVELS = ("error", "necessary", "recommended", "warning", "note")
"""Errors end with no file; what is necessary is always done; what is recommended may be declined."""
SHOWN_ROWS = 20  # of a list of rows, on the screen; the report has all


@dataclass(frozen=True)
class Transform:
    """One change that every text of a column undergoes, at inference as in training."""

    column: str  # prompt | completion
    do: str  # lower | replace_prefix | end_with | start_with
    text: str = ""
    by: str = ""  # what stands in the place of a prefix

    def of(self, text: str) -> str:
        """Return the changed text; done twice it changes nothing more."""
        if self.do == "lower":
            return text.lower()
        if self.do == "replace_prefix":
            if not text.startswith(self.text):
                return text
            rest = text.removeprefix(self.text)
            return rest if self.by and rest.startswith(self.by) else self.by + rest
        if self.do == "end_with":
            return text if text.endswith(self.text) else text + self.text
        return text if text.startswith(self.text) else self.text + text


@dataclass(frozen=True)
class Drop:
    """Rows are left out, by their numbers."""

    rows: tuple[int, ...]


@dataclass(frozen=True)
class Columns:
    """Keys get another name; those without a new one are left out."""

    renamed: tuple[tuple[str, str], ...] = ()
    dropped: tuple[str, ...] = ()


@dataclass(frozen=True)
class AsText:
    """Values that are no text are written as JSON writes them."""

    columns: tuple[str, ...]


Repair = Transform | Drop | Columns | AsText


@dataclass(frozen=True)
class Finding:
    """What one check found; rows are counted from 0, as the file has them."""

    level: str
    message: str
    rows: tuple[int, ...] = ()
    repair: Repair | None = None
    facts: dict[str, Any] = field(default_factory=dict)


class UnfitFileError(Exception):
    """The file cannot be read as rows: the message says why."""


def shown(text: str) -> str:
    """Return a piece of text as a message shows it: in backquotes, line ends as two characters."""
    return "`" + text.replace("\n", "\\n") + "`"


def listed(rows: tuple[int, ...]) -> str:
    """Return the numbers of rows as a message shows them."""
    more = f" and {len(rows) - SHOWN_ROWS} more" if len(rows) > SHOWN_ROWS else ""
    return ", ".join(map(str, rows[:SHOWN_ROWS])) + more


def counted(number: int, noun: str) -> str:
    """Return a number with its noun: 1 row, 2 rows."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
