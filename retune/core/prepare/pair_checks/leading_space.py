"""Every completion starts with a space, as words do inside a text for most tokenizers."""

from __future__ import annotations

from retune.core.prepare.findings import RECOMMENDED, Finding, Transform, counted
from retune.core.prepare.sheet import COMPLETION, Sheet

ORDER = 140


def look(sheet: Sheet) -> list[Finding]:
    """Recommend one space before each completion that has none."""
    without = tuple(row.number for row in sheet.rows if not row.text(COMPLETION).startswith(" "))
    if not without:
        return []
    said = f"{counted(len(without), 'completion')} without a space at the beginning: add one"
    return [Finding(RECOMMENDED, said, without, Transform(COMPLETION, "start_with", " "))]
