"""Words of a text in any script with the characters that they cover: what a tag is given to, and where an answer ends.

Letters, digits and their marks make words; any other visible character, and one of a script without spaces, is a word
of its own. So every edge of an entity is an edge of a word, in any tokenizer's pieces.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from retune.core.short_answers import UNSPACED

Span = tuple[int, int]  # the first character, and the one after the last
LETTER, ALONE, MARK, GAP = "a", ".", "~", " "
WORD = re.compile(f"{LETTER}[{LETTER}{MARK}]*|[{ALONE}{MARK}]{MARK}*")


class _Kinds(dict[int, str]):
    """The kind of each character, by its code point, found when it is first asked for."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        group = unicodedata.category(character)[0]
        if group in "ZC":
            kind = GAP
        elif group == "M":
            kind = MARK
        else:
            kind = LETTER if (group in "LN" or character == "_") and not UNSPACED.match(character) else ALONE
        self[code] = kind
        return kind


KINDS = _Kinds()


def words(text: str) -> list[Span]:
    """Return the characters that each word covers, from left to right."""
    return [match.span() for match in WORD.finditer(text.translate(KINDS))]


def pieces(found: Sequence[Span], offsets: Sequence[Span]) -> list[list[int]]:
    """Return of each word the places of the tokens that share a character with it.

    Both are sorted; a word is left without a token where the tokenizer drops its characters.
    """
    shared: list[list[int]] = []
    first = 0
    for start, end in found:
        while first < len(offsets) and offsets[first][1] <= start:
            first += 1
        place, tokens = first, []
        while place < len(offsets) and offsets[place][0] < end:
            if offsets[place][1] > max(start, offsets[place][0]):
                tokens.append(place)
            place += 1
        shared.append(tokens)
    return shared


def trimmed(text: str, start: int, end: int) -> Span:
    """Return a range of characters without the white space at its ends, which some tokenizers count to their pieces."""
    piece = text[start:end]
    first = start + len(piece) - len(piece.lstrip())
    return first, first + len(piece.strip())
