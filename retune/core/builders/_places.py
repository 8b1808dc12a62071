"""Pieces of a text that were given by their place, found again after redaction has changed what stands before them."""

from __future__ import annotations

import re

from retune.core.spans import Span, stands_alone

PLACEHOLDER = re.compile(r"\[[A-Z][A-Z_]{0,40}_[0-9]{1,9}\]")  # what redaction leaves in the place of a value


def find_again(text: str, piece: str, start: int, after: tuple[int, int] = (0, 0)) -> int:
    """Return where a piece stands: at its place, where nothing was replaced before it, else where it stands only once.

    `after` is where the last piece ended before redaction and where it ends now: only what was replaced since counts.
    Raises ValueError where the piece stands nowhere, or in several places, of which none is known to be meant.
    """
    then, now = after
    place = start + now - then
    if place >= 0 and piece and text.startswith(piece, place) and not PLACEHOLDER.search(text[now:place]):
        return place
    place = text.find(piece) if piece.strip() else -1
    if place < 0:
        raise ValueError(f"what stood at character {start} is not in the text: redaction may have changed it")
    if text.find(piece, place + 1) >= 0:
        raise ValueError(f"what stood at character {start} now stands in several places: redaction moved it")
    return place


def check_place(text: str, start: int, end: int) -> None:
    """Raise ValueError unless a place whose words are not known can still be the one that was meant."""
    if PLACEHOLDER.search(text):
        raise ValueError("redaction changed the text, and the spans do not say their own words")
    if not 0 <= start < end <= len(text):
        raise ValueError(f"the span from {start} to {end} is not inside the text")
    if not stands_alone(text, Span(start, end)) or text[start:end] != text[start:end].strip():
        raise ValueError(f"the span from {start} to {end} cuts a word: its places are of another text")
