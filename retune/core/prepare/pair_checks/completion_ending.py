"""All completions end alike, so that a model learns to stop there."""

from __future__ import annotations

from retune.core.prepare.affixes import ending, ending_for, stands_twice
from retune.core.prepare.findings import ERROR, NOTE, RECOMMENDED, WARNING, Finding, Transform, shown
from retune.core.prepare.sheet import COMPLETION, CONDITIONAL, OPEN_ENDED, Sheet

ORDER = 130


def look(sheet: Sheet) -> list[Finding]:
    """Recommend an ending that occurs in no completion; classes and open-ended texts need none."""
    completions = sheet.texts(COMPLETION)
    if len(completions) < 2 or sheet.kind == OPEN_ENDED:  # one row alone says nothing of what is shared
        return []
    if len(set(completions)) == 1:
        return [Finding(ERROR, f"all completions are identical: {shown(completions[0])}. A model would only repeat it")]
    if sheet.kind != CONDITIONAL:
        return []
    shared = ending(completions)
    if not shared:
        free = ending_for(completions)
        said = f"the completions share no ending: add {shown(free)} to each, which is then the stop sequence"
        return [Finding(RECOMMENDED, said, repair=Transform(COMPLETION, "end_with", free))]
    found = [Finding(NOTE, f"all completions end with {shown(shared)}")]
    if stands_twice(shared, completions):
        said = f"some completions hold {shown(shared)} before their end: it cannot be the stop sequence"
        found.append(Finding(WARNING, said))
    return found
