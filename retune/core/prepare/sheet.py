"""The rows of a file of prompts and completions, as its checks see them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from retune.core.prepare.findings import AsText, Columns, Drop, Repair, Transform

COLUMNS = PROMPT, COMPLETION = ("prompt", "completion")
CLASSIFICATION, CONDITIONAL, OPEN_ENDED = "classification", "conditional generation", "open-ended generation"
ROWS_PER_CLASS = 3  # of fewer different completions than a third of the rows: these are classes


@dataclass(frozen=True)
class Measure:
    """How the length of a text is counted, and how long it may be."""

    unit: str  # tokens | characters
    limit: int
    count: Callable[[str], int]


@dataclass(frozen=True)
class Row:
    """One row: its number in the file, from 0, and its values by key."""

    number: int
    values: Mapping[str, Any]

    def text(self, column: str) -> str:
        """Return the text under a key; nothing where there is none."""
        value = self.values.get(column)
        return value if isinstance(value, str) else ""

    @property
    def pair(self) -> tuple[str, str]:
        """Return prompt and completion."""
        return self.text(PROMPT), self.text(COMPLETION)


@dataclass(frozen=True)
class Sheet:
    """All rows that still stand, and what kind of training they ask for."""

    rows: tuple[Row, ...]
    measure: Measure
    kind: str = ""

    def texts(self, column: str) -> list[str]:
        """Return the texts of a column."""
        return [row.text(column) for row in self.rows]

    def repaired(self, repair: Repair) -> Sheet:
        """Return the rows after a repair; it never changes what a row says."""
        if isinstance(repair, Drop):
            gone = set(repair.rows)
            return replace(self, rows=tuple(row for row in self.rows if row.number not in gone))
        return replace(self, rows=tuple(Row(row.number, _values(row, repair)) for row in self.rows))


def kind_of(sheet: Sheet) -> str:
    """Return what the rows ask for: open-ended without prompts, classification with few different completions."""
    if not any(sheet.texts(PROMPT)):
        return OPEN_ENDED
    different = len(set(sheet.texts(COMPLETION)))
    return CLASSIFICATION if different * ROWS_PER_CLASS < len(sheet.rows) else CONDITIONAL


def labels(sheet: Sheet) -> list[str]:
    """Return the class of each row: its completion without the spaces around it."""
    return [text.strip() for text in sheet.texts(COMPLETION)]


def _values(row: Row, repair: Transform | Columns | AsText) -> dict[str, Any]:
    """Return the values of a row after a repair of its values."""
    values = dict(row.values)
    if isinstance(repair, Transform):
        values[repair.column] = _changed(repair, row.text(repair.column))
    elif isinstance(repair, Columns):
        names = {old: new for old, new in repair.renamed if new not in values}
        values = {names.get(name, name): value for name, value in values.items() if name not in repair.dropped}
    else:
        for column in set(repair.columns) & set(values):
            values[column] = as_text(values[column])
    return values


def as_text(value: Any) -> Any:
    """Return a number or a truth value as JSON writes it, anything else as it is."""
    import json

    return json.dumps(value) if isinstance(value, bool | int | float) else value


def _changed(transform: Transform, before: str) -> str:
    """Return a changed text; raises RuntimeError if the row would lose or gain more than the change says.

    The tool that OpenAI removed once put the printed table of all completions into each row, and nothing held it.
    """
    after = transform.of(before)
    kept = {
        "lower": after == before.lower(),
        "replace_prefix": before.endswith(after.removeprefix(transform.by)) and len(after) <= len(before),
        "end_with": after in (before, before + transform.text),
        "start_with": after in (before, transform.text + before),
    }
    if not kept[transform.do]:
        raise RuntimeError(f"{transform.do} on a {transform.column} changed what the row says")
    return after
