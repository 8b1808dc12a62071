"""Prompts do not all begin with the same instruction: tuning teaches it once and for all."""

from __future__ import annotations

from retune.core.prepare.affixes import beginning, is_removable
from retune.core.prepare.findings import NOTE, RECOMMENDED, Finding, Transform, shown
from retune.core.prepare.sheet import PROMPT, Sheet

ORDER = 110
LIMIT = 12  # characters


def look(sheet: Sheet) -> list[Finding]:
    """Recommend to leave out a long beginning that all prompts share; note a short one."""
    prompts = sheet.texts(PROMPT)
    shared = beginning(prompts)
    if not shared or len(set(prompts)) == 1:
        return []
    said = f"all prompts begin with {shown(shared)}"
    if len(shared) <= LIMIT:
        return [Finding(NOTE, said)]
    if not is_removable(shared, prompts):
        return [Finding(NOTE, f"{said}, which is most of a row, and stays")]
    return [Finding(RECOMMENDED, f"{said}: leave it out", repair=Transform(PROMPT, "replace_prefix", shared))]
