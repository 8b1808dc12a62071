"""Words of a text in any script: letters, digits and their marks; scripts without spaces are taken by the character."""

from __future__ import annotations

import unicodedata
from functools import cache

from retune.core.short_answers import UNSPACED


def words(text: str) -> list[str]:
    """Return the words of a text in lower case, after NFKC: what looks the same is the same."""
    found: list[str] = []
    joins = False  # whether the next letter belongs to the last word
    for character in unicodedata.normalize("NFKC", text).lower():
        kind = _kind(character)
        if (kind == "letter" and joins) or (kind == "mark" and found):
            found[-1] += character
        elif kind in ("letter", "alone"):
            found.append(character)
        joins = kind == "letter" or (kind == "mark" and joins)
    return found


@cache
def _kind(character: str) -> str:
    """Tell letters and digits, those that stand alone, and marks, which belong to what stands before them."""
    group = unicodedata.category(character)[0]
    if group == "M":
        return "mark"
    if group not in "LN":
        return "gap"
    return "alone" if UNSPACED.match(character) else "letter"
