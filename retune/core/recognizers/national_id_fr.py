"""French social security numbers (NIR): sex, year, month, place and order with the key of 97."""

from __future__ import annotations

from retune.core.spans import Pattern, Span, letters_and_digits, stands_alone

ENTITY_TYPE = "NATIONAL_ID"
CRITICAL = True

_NUMBER = Pattern(
    r"[12][ .]?[0-9]{2}[ .]?(?:0[1-9]|1[0-2]|[2-9][0-9])[ .]?(?:[0-9]{2}|2[AB])[ .]?[0-9]{3}[ .]?[0-9]{3}[ .]?[0-9]{2}"
)

normalise = letters_and_digits


def find(text: str) -> list[Span]:
    """Return the numbers whose key fits."""
    return [
        span
        for span in _NUMBER.spans(text)
        if stands_alone(text, span, glue="-", joints="./")
        and _is_valid(letters_and_digits(text[span.start : span.end]))
    ]


def _is_valid(number: str) -> bool:
    """Tell whether the key is 97 less the rest of the number by 97; Corsica's 2A and 2B count as 19 and 18."""
    body = number[:13].replace("2a", "19").replace("2b", "18")
    return 97 - int(body) % 97 == int(number[13:])
