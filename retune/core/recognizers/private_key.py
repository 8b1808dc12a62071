"""Private keys: PEM and OpenPGP blocks as a whole, also cut off or with written-out line ends; PuTTY's."""

from __future__ import annotations

from bisect import bisect_left

from retune.core.spans import Pattern, Span

ENTITY_TYPE = "PRIVATE_KEY"
CRITICAL = True

_BEGIN = Pattern(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?:(?:\s|\\r|\\n)*[A-Za-z0-9+/=]{16,})*")
_END = Pattern(r"-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
_PUTTY = Pattern(r"Private-Lines: [0-9]+(?:\s+[A-Za-z0-9+/=]{16,})+")
_LONGEST_KEY = 20_000  # characters; an RSA key of 16,384 bits takes 12,700


def find(text: str) -> list[Span]:
    """Return the blocks with their first and last lines."""
    ends = [end.end for end in _END.spans(text)]
    spans = [Span(start, _end_of_block(end, ends)) for start, end in _BEGIN.spans(text)]
    return spans + list(_PUTTY.spans(text))


def normalise(value: str) -> str:
    """Return the key without its line ends."""
    return "".join(value.replace("\\n", "").split())


def _end_of_block(body_end: int, ends: list[int]) -> int:
    """Return the nearest end of a block if it is near enough to be this key's, else the end of its body."""
    at = bisect_left(ends, body_end)
    return ends[at] if at < len(ends) and ends[at] - body_end <= _LONGEST_KEY else body_end
