"""No other keys than prompt and completion."""

from __future__ import annotations

from retune.core.prepare.findings import NECESSARY, Columns, Finding, shown
from retune.core.prepare.sheet import COLUMNS, Sheet

ORDER = 30


def look(sheet: Sheet) -> list[Finding]:
    """Leave out every other key, each named."""
    extra = tuple(dict.fromkeys(name for row in sheet.rows for name in row.values if name not in COLUMNS))
    if not extra:
        return []
    said = f"besides prompt and completion there are {', '.join(map(shown, extra))}: left out"
    return [Finding(NECESSARY, said, repair=Columns(dropped=extra), facts={"columns": list(extra)})]
