"""Every completion says something; prompts may be empty."""

from __future__ import annotations

from retune.core.prepare.findings import ERROR, NECESSARY, Drop, Finding, counted, listed
from retune.core.prepare.sheet import COMPLETION, Sheet

ORDER = 50


def look(sheet: Sheet) -> list[Finding]:
    """Leave out rows without a completion; null and spaces are none."""
    empty = tuple(row.number for row in sheet.rows if not row.text(COMPLETION).strip())
    if len(empty) == len(sheet.rows):
        return [Finding(ERROR, "all completions are empty: nothing is left to train on", empty)]
    if not empty:
        return []
    said = f"{counted(len(empty), 'row')} without a completion, left out: {listed(empty)}"
    return [Finding(NECESSARY, said, empty, Drop(empty))]
