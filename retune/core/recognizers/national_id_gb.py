"""UK national insurance numbers: the prefixes that are given out, six digits and a letter from A to D."""

from __future__ import annotations

from retune.core.spans import Pattern, Span, letters_and_digits, stands_alone

ENTITY_TYPE = "NATIONAL_ID"
CRITICAL = True

_NUMBER = Pattern(r"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z][ \-]?[0-9]{2}[ \-]?[0-9]{2}[ \-]?[0-9]{2}[ \-]?[A-D]")
_NEVER_ISSUED = frozenset({"BG", "GB", "NK", "KN", "TN", "NT", "ZZ"})

normalise = letters_and_digits


def find(text: str) -> list[Span]:
    """Return the numbers, in capitals, unbroken or in pairs."""
    return [
        span
        for span in _NUMBER.spans(text)
        if text[span.start : span.end][:2] not in _NEVER_ISSUED and stands_alone(text, span, glue="-")
    ]
