"""All prompts end with one separator, so that a model knows where the completion begins."""

from __future__ import annotations

from retune.core.prepare.affixes import ending, separator_for, stands_twice
from retune.core.prepare.findings import ERROR, NOTE, RECOMMENDED, WARNING, Finding, Transform, shown
from retune.core.prepare.sheet import OPEN_ENDED, PROMPT, Sheet

ORDER = 100
LONG = 10  # characters


def look(sheet: Sheet) -> list[Finding]:
    """Recommend a separator that occurs in no prompt; an ending that all share is one already."""
    prompts = sheet.texts(PROMPT)
    if sheet.kind == OPEN_ENDED or len(prompts) < 2:  # one row alone says nothing of what is shared
        return []
    if len(set(prompts)) == 1:
        todo = "Leave the prompts empty for open-ended generation, or make them differ"
        return [Finding(ERROR, f"all prompts are identical: {shown(prompts[0])}. {todo}")]
    shared, free = ending(prompts), separator_for(prompts)
    if not shared:
        said = f"the prompts share no ending: add the separator {shown(free)} to each"
        return [Finding(RECOMMENDED, said, repair=Transform(PROMPT, "end_with", free))]
    found = [Finding(NOTE, f"all prompts end with {shown(shared)}")]
    if len(shared) > LONG:
        found.append(Finding(WARNING, f"this ending is long; a shorter one would do, such as {shown(free)}"))
    if stands_twice(shared, prompts):
        rows = tuple(row.number for row in sheet.rows if shared in row.text(PROMPT)[: -len(shared)])
        said = f"some prompts hold the ending {shown(shared)} more than once: choose one that occurs nowhere else"
        found.append(Finding(WARNING, said, rows))
    return found
