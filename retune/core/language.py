"""The language of a text, the same on every machine."""

from __future__ import annotations

UNKNOWN = "und"
MIN_LETTERS = 20  # below, a name or a greeting decides
MAX_CHARACTERS = 10_000  # more changes nothing but the time


def detect(text: str) -> str:
    """Return the ISO 639-1 code of a text, or `und` where it has fewer than 20 letters."""
    sample = text[:MAX_CHARACTERS]
    if sum(character.isalpha() for character in sample) < MIN_LETTERS:
        return UNKNOWN
    import py3langid

    return str(py3langid.classify(sample)[0])
