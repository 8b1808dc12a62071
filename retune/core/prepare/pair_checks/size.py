"""How many rows there are, and whether these are few."""

from __future__ import annotations

from retune.core.prepare.findings import NOTE, WARNING, Finding, counted
from retune.core.prepare.sheet import Sheet

ORDER = 10
FEW_ROWS = 100


def look(sheet: Sheet) -> list[Finding]:
    """Advise more rows below a hundred."""
    said = f"{counted(len(sheet.rows), 'row')} of prompt and completion"
    if len(sheet.rows) >= FEW_ROWS:
        return [Finding(NOTE, said)]
    advice = "have at least a few hundred; each doubling tends to bring about as much as the one before"
    return [Finding(WARNING, f"{said}: {advice}")]
