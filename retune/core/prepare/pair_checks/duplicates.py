"""No row stands twice."""

from __future__ import annotations

from retune.core.prepare.findings import RECOMMENDED, Drop, Finding, counted, listed
from retune.core.prepare.sheet import Sheet

ORDER = 70


def look(sheet: Sheet) -> list[Finding]:
    """Recommend to leave out all but the first of equal pairs of prompt and completion."""
    seen: set[tuple[str, str]] = set()
    again = []
    for row in sheet.rows:
        if row.pair in seen:
            again.append(row.number)
        seen.add(row.pair)
    if not again:
        return []
    said = f"{counted(len(again), 'row')} repeated exactly, to be left out: {listed(tuple(again))}"
    return [Finding(RECOMMENDED, said, tuple(again), Drop(tuple(again)))]
