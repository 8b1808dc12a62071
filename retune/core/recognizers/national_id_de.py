"""German tax identification numbers: eleven digits with their pattern of repeats and check digit."""

from __future__ import annotations

from retune.core.spans import Pattern, Span, digits_of, letters_and_digits, stands_alone

ENTITY_TYPE = "NATIONAL_ID"
CRITICAL = True

_NUMBER = Pattern(r"[1-9][0-9](?: ?[0-9]{3}){3}|[1-9][0-9](?:/[0-9]{3}){3}")

normalise = letters_and_digits


def find(text: str) -> list[Span]:
    """Return the numbers that pass both checks."""
    return [
        span
        for span in _NUMBER.spans(text)
        if stands_alone(text, span, glue="-", joints="./") and _is_valid(digits_of(text[span.start : span.end]))
    ]


def _is_valid(digits: str) -> bool:
    """Tell whether one of the first ten digits stands there twice or thrice and the last one fits (MOD 11,10)."""
    repeats = sorted(digits[:10].count(digit) for digit in set(digits[:10]))
    if len(repeats) not in (8, 9) or repeats[-1] != 11 - len(repeats):
        return False
    product = 10
    for digit in digits[:10]:
        product = ((product + int(digit)) % 10 or 10) * 2 % 11
    return (11 - product) % 10 == int(digits[10])
