"""Sentences of a text, for floors: no language is known, so that an abbreviation may end one."""

from __future__ import annotations

import re
from itertools import pairwise

END = re.compile(r"(?<=[.!?])[\"'”’)\]]*\s+|(?<=[。！？])|\n\s*\n")


def sentences(text: str) -> list[tuple[int, int]]:
    """Return the bounds of each sentence, without the white space around it."""
    ends = [0, *(match.end() for match in END.finditer(text)), len(text)]
    found = []
    for start, end in pairwise(ends):
        piece = text[start:end]
        if piece.strip():
            found.append((start + len(piece) - len(piece.lstrip()), end - len(piece) + len(piece.rstrip())))
    return found
