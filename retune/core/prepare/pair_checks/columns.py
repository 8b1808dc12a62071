"""Each row has a prompt and a completion, under these names in lower case."""

from __future__ import annotations

from collections.abc import Mapping

from retune.core.prepare.findings import ERROR, NECESSARY, Columns, Finding, shown
from retune.core.prepare.sheet import COLUMNS, Sheet

ORDER = 20


def look(sheet: Sheet) -> list[Finding]:
    """Rename what is in capitals; a column that no row has is an error, and so is a row that has no keys."""
    bare = tuple(row.number for row in sheet.rows if not isinstance(row.values, Mapping))
    if bare:
        return [Finding(ERROR, f"row {bare[0]} is not an object with keys ({len(bare)} such rows)", bare)]
    names = dict.fromkeys(name for row in sheet.rows for name in row.values)
    found: list[Finding] = []
    for column in COLUMNS:
        others = [name for name in names if name != column and name.strip().lower() == column]
        if column not in names and not others:
            given = ", ".join(map(shown, names)) or "none"
            todo = "Name the keys prompt and completion, or messages for conversations"
            return [*found, Finding(ERROR, f"the key `{column}` is missing; the file has {given}. {todo}")]
        lacking = [name for name in others if any(column not in row.values for row in sheet.rows if name in row.values)]
        if lacking:
            renamed = Columns(renamed=tuple((name, column) for name in lacking))
            said = f"the key `{column}` is to be in lower case: {', '.join(map(shown, lacking))} is renamed"
            found.append(Finding(NECESSARY, said, repair=renamed))
    return found
