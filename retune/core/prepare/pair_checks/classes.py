"""Every class has enough examples, and no class has two spellings."""

from __future__ import annotations

from collections import Counter, defaultdict

from retune.core.prepare.findings import WARNING, Finding, shown
from retune.core.prepare.sheet import CLASSIFICATION, Sheet, labels

ORDER = 160
LEAST = 100  # examples of a class
NAMED = 10


def look(sheet: Sheet) -> list[Finding]:
    """Name classes with few examples, and those that differ in case or spaces alone."""
    if sheet.kind != CLASSIFICATION:
        return []
    rows, found = Counter(labels(sheet)), []
    small = {label: number for label, number in sorted(rows.items()) if number < LEAST}
    if small:
        named = ", ".join(f"{shown(label)} {number}" for label, number in list(small.items())[:NAMED])
        said = f"{len(small)} of {len(rows)} classes have fewer than {LEAST} examples: {named}"
        found.append(Finding(WARNING, said, facts={"small": small}))
    spelled = defaultdict(list)
    for label in sorted(rows):
        spelled[" ".join(label.split()).casefold()].append(label)
    torn = [", ".join(map(shown, several)) for several in spelled.values() if len(several) > 1]
    return [*found, *(Finding(WARNING, f"one class in several spellings: {names}") for names in torn)]
