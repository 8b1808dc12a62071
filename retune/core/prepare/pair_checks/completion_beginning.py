"""Completions do not all begin with the same words."""

from __future__ import annotations

from retune.core.prepare.affixes import beginning, is_removable
from retune.core.prepare.findings import NOTE, RECOMMENDED, Finding, Transform, shown
from retune.core.prepare.sheet import COMPLETION, Sheet

ORDER = 120
LEAST = 5  # characters


def look(sheet: Sheet) -> list[Finding]:
    """Recommend to leave out a beginning that all completions share; a space that it starts with stays."""
    completions = sheet.texts(COMPLETION)
    shared = beginning(completions)
    if len(shared) < LEAST or len(set(completions)) == 1:
        return []
    said = f"all completions begin with {shown(shared)}"
    if not is_removable(shared, completions):
        return [Finding(NOTE, f"{said}, without which too little of a row would be left, and stays")]
    space = " " if shared.startswith(" ") else ""
    change = Transform(COMPLETION, "replace_prefix", shared, by=space)
    return [Finding(RECOMMENDED, f"{said}: leave it out", repair=change)]
