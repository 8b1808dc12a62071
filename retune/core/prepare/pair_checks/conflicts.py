"""The same prompt does not have different completions."""

from __future__ import annotations

from collections import defaultdict

from retune.core.prepare.findings import WARNING, Finding, counted, listed
from retune.core.prepare.sheet import COMPLETION, OPEN_ENDED, PROMPT, Row, Sheet

ORDER = 150


def look(sheet: Sheet) -> list[Finding]:
    """Name prompts, equal but for case and spaces, with more than one completion."""
    if sheet.kind == OPEN_ENDED:
        return []
    by_prompt: dict[str, list[Row]] = defaultdict(list)
    for row in sheet.rows:
        by_prompt[" ".join(row.text(PROMPT).split()).casefold()].append(row)
    torn = [rows for rows in by_prompt.values() if len({row.text(COMPLETION).strip() for row in rows}) > 1]
    if not torn:
        return []
    numbers = tuple(sorted(row.number for rows in torn for row in rows))
    said = f"{counted(len(torn), 'prompt')} with contradicting completions, in {len(numbers)} rows: {listed(numbers)}"
    return [Finding(WARNING, said, numbers, facts={"prompts": len(torn)})]
