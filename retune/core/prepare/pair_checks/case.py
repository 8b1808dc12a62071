"""Text is not mostly in capitals: models know lower case better."""

from __future__ import annotations

from collections import Counter

from retune.core.prepare.findings import RECOMMENDED, Finding, Transform
from retune.core.prepare.sheet import COLUMNS, Sheet

ORDER = 60


def look(sheet: Sheet) -> list[Finding]:
    """Recommend lower case for a column in which more than a third of the letters are capitals."""
    found = []
    for column in COLUMNS:
        letters: Counter[str] = Counter()
        for text in sheet.texts(column):
            letters.update(text)  # of millions of characters each is looked at once
        upper = sum(number for letter, number in letters.items() if letter.isalpha() and letter.isupper())
        lower = sum(number for letter, number in letters.items() if letter.isalpha() and letter.islower())
        if 2 * upper > lower:
            said = f"more than a third of the letters of `{column}` are capitals: change it to lower case"
            found.append(Finding(RECOMMENDED, said, repair=Transform(column, "lower")))
    return found
