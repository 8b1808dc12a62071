"""Prompts and completions are text."""

from __future__ import annotations

from typing import Any

from retune.core.prepare.findings import ERROR, NECESSARY, WARNING, AsText, Finding, listed
from retune.core.prepare.sheet import COLUMNS, PROMPT, Sheet

ORDER = 40


def look(sheet: Sheet) -> list[Finding]:
    """Refuse lists and objects; write numbers as text; name prompts that are absent."""
    found = []
    for column in COLUMNS:
        rows = tuple(row.number for row in sheet.rows if isinstance(row.values.get(column), list | dict))
        if rows:
            said = f"row {rows[0]} has a list or an object as {column} (rows {listed(rows)})"
            found.append(Finding(ERROR, f"{said}. Give text: a row is one prompt and one completion", rows))
    numbers = tuple(row.number for row in sheet.rows if any(_number(row.values.get(name)) for name in COLUMNS))
    if numbers:
        said = f"numbers or truth values stand for text in rows {listed(numbers)}: written as text"
        found.append(Finding(NECESSARY, said, numbers, AsText(COLUMNS)))
    absent = tuple(row.number for row in sheet.rows if row.values.get(PROMPT) is None)
    if absent:
        found.append(Finding(WARNING, f"no prompt in rows {listed(absent)}: taken for empty", absent))
    return found


def _number(value: Any) -> bool:
    return isinstance(value, bool | int | float)
