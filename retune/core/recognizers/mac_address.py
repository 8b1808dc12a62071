"""Hardware addresses of network cards; fingerprints, which are longer, are none."""

from __future__ import annotations

from retune.core.spans import Pattern, Span, letters_and_digits, stands_alone

ENTITY_TYPE = "MAC_ADDRESS"
CRITICAL = False

_ADDRESS = Pattern(
    r"(?i)[0-9a-f]{2}(?::[0-9a-f]{2}){5}|[0-9a-f]{2}(?:-[0-9a-f]{2}){5}|[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4}"
)
_NOBODY = frozenset({"0" * 12, "f" * 12})

normalise = letters_and_digits


def find(text: str) -> list[Span]:
    """Return the addresses, in pairs or in Cisco's fours."""
    return [
        span
        for span in _ADDRESS.spans(text)
        if stands_alone(text, span, glue=":-.") and letters_and_digits(text[span.start : span.end]) not in _NOBODY
    ]
