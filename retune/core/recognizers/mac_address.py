"""Hardware addresses of network cards; fingerprints, which are longer, are none."""

from __future__ import annotations

import re

from retune.core.spans import Pattern, Span, letters_and_digits, stands_alone

ENTITY_TYPE = "MAC_ADDRESS"
CRITICAL = False

_ADDRESS = Pattern(
    r"(?i)\b(?:[0-9a-f]{2}(?::[0-9a-f]{2}){5}|[0-9a-f]{2}(?:-[0-9a-f]{2}){5}|[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4})"
)
_PAIR_BEFORE = re.compile(r"(?i)(?:^|[^0-9a-z])[0-9a-f]{2}[:-]$|[0-9a-f]\.$")
_PAIR_AFTER = re.compile(r"(?i)[:-][0-9a-f]{2}|\.[0-9a-f]{2}")
_NOBODY = frozenset({"0" * 12, "f" * 12})

normalise = letters_and_digits


def find(text: str) -> list[Span]:
    """Return the addresses, in pairs or in Cisco's fours."""
    return [
        span
        for span in _ADDRESS.spans(text)
        if _is_whole(text, span) and letters_and_digits(text[span.start : span.end]) not in _NOBODY
    ]


def _is_whole(text: str, span: Span) -> bool:
    """Tell whether no further pair stands before or after, as in a fingerprint; `MAC:` is no pair."""
    around = text[max(span.start - 4, 0) : span.start], text[span.end : span.end + 3]
    return stands_alone(text, span) and not (_PAIR_BEFORE.search(around[0]) or _PAIR_AFTER.match(around[1]))
