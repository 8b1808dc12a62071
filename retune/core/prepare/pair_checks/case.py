"""Text is not mostly in capitals: models know lower case better."""

from __future__ import annotations

from retune.core.prepare.findings import RECOMMENDED, Finding, Transform
from retune.core.prepare.sheet import COLUMNS, Sheet

ORDER = 60


def look(sheet: Sheet) -> list[Finding]:
    """Recommend lower case for a column in which more than a third of the letters are capitals."""
    found = []
    for column in COLUMNS:
        texts = sheet.texts(column)
        upper = sum(letter.isalpha() and letter.isupper() for text in texts for letter in text)
        lower = sum(letter.isalpha() and letter.islower() for text in texts for letter in text)
        if 2 * upper > lower:
            said = f"more than a third of the letters of `{column}` are capitals: change it to lower case"
            found.append(Finding(RECOMMENDED, said, repair=Transform(column, "lower")))
    return found
