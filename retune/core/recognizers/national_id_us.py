"""US social security numbers: the ranges that were ever issued; without separators only after their name."""

from __future__ import annotations

from retune.core.spans import Pattern, Span, digits_of, letters_and_digits, stands_alone

ENTITY_TYPE = "NATIONAL_ID"
CRITICAL = True

_SEPARATED = Pattern(r"[0-9]{3}(?:-[0-9]{2}-| [0-9]{2} |\x{2011}[0-9]{2}\x{2011}|\x{2013}[0-9]{2}\x{2013})[0-9]{4}")
_NAMED = Pattern(r"(?i)(?:\bssn|social security(?: number| no\.?)?)[^0-9\n]{0,12}([0-9]{9})")

normalise = letters_and_digits


def find(text: str) -> list[Span]:
    """Return the numbers whose area, group and serial exist."""
    spans = [*_SEPARATED.spans(text), *_NAMED.spans(text, 1)]
    return [
        span
        for span in spans
        if stands_alone(text, span, glue="-", joints="./") and _exists(text[span.start : span.end])
    ]


def _exists(value: str) -> bool:
    """Tell whether the number can have been issued: no area 000, 666 or 9xx, no group 00, no serial 0000."""
    digits = digits_of(value)
    return digits[:3] not in ("000", "666") and digits[0] != "9" and digits[3:5] != "00" and digits[5:] != "0000"
