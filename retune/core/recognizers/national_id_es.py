"""Spanish identity numbers, DNI and NIE, with their check letter."""

from __future__ import annotations

from retune.core.spans import Pattern, Span, letters_and_digits, stands_alone

ENTITY_TYPE = "NATIONAL_ID"
CRITICAL = True

_NUMBER = Pattern(r"(?:[0-9]{8}|[XYZ][ \-]?[0-9]{7})[ \-]?[A-HJ-NP-TV-Z]")
_LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE"
_FIRST = str.maketrans("xyz", "012")

normalise = letters_and_digits


def find(text: str) -> list[Span]:
    """Return the numbers, in capitals, whose letter fits."""
    return [
        span
        for span in _NUMBER.spans(text)
        if stands_alone(text, span, glue="-", joints="./")
        and _is_valid(letters_and_digits(text[span.start : span.end]))
    ]


def _is_valid(number: str) -> bool:
    """Tell whether the letter is the one that the rest by 23 stands for; X, Y and Z count as 0, 1 and 2."""
    return _LETTERS[int(number[:-1].translate(_FIRST)) % 23] == number[-1].upper()
