"""No row is longer than a model reads."""

from __future__ import annotations

from retune.core.prepare.findings import RECOMMENDED, WARNING, Drop, Finding, counted, listed
from retune.core.prepare.sheet import OPEN_ENDED, Sheet

ORDER = 90


def look(sheet: Sheet) -> list[Finding]:
    """Recommend to leave out long rows; without prompts they are only named, since such texts may be cut to pieces."""
    measure = sheet.measure
    long = tuple(row.number for row in sheet.rows if measure.count("".join(row.pair)) > measure.limit)
    if not long:
        return []
    said = f"{counted(len(long), 'row')} longer than {measure.limit} {measure.unit}: {listed(long)}"
    if sheet.kind == OPEN_ENDED or len(long) == len(sheet.rows):
        return [Finding(WARNING, f"{said}; what is beyond will be cut off: cut the texts to pieces first", long)]
    return [Finding(RECOMMENDED, f"{said}; to be left out", long, Drop(long))]
