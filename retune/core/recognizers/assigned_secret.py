"""Secrets by their context: what is assigned to `password`, `api_key` and the like, if it looks like one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from math import log2

from retune.core.spans import Pattern, Span

ENTITY_TYPE = "ACCESS_TOKEN"
CRITICAL = True

_NAMES_OF_PASSWORDS = r"passw(?:or)?d|passwd|passphrase|pwd|pass"
_NAMES_OF_TOKENS = (
    r"(?:api|access|secret|private|master|encryption)[_\- ]?key(?:[_\- ](?:id|base))?|[a-z_]{0,20}_key"
    r"|(?:auth|access|bearer)[_\- ]?token|client[_\- ]?secret|secret|token|_auth|[\"']auth|_salt"
)
_VALUE = (
    r"[\"']?(?:\s{0,12}(?:=>|:=|==?|:|,)\s{0,12}(?:\"([^\"\n]{6,300})\"|'([^'\n]{6,300})')"
    r"|(?:\s?(?:=>|:=|==?|:)\s?| (?:is|was) )[\"'`]?([^\s\"'`,;<>()\[\]]{6,300}))"
)
_ASSIGNED_PASSWORD = Pattern(rf"(?i)(?:{_NAMES_OF_PASSWORDS}){_VALUE}")
_ASSIGNED_TOKEN = Pattern(rf"(?i)(?:{_NAMES_OF_TOKENS}){_VALUE}")
_SAID_PASSWORD = Pattern(r"(?i)\bpass(?:word|phrase) [\"'`]?([^\s\"'`,;<>()\[\]]{6,100})")
_BEARER = Pattern(r"(?i)authorization[\"']?\s?[:=]\s?[\"']?(?:bearer|basic|token) ([A-Za-z0-9._~+/=\-]{16,})")
_VARIABLES = ("[", "$", "{", "%(", "%{", "*", "/", "http", "@", "&", "ENV", "os.", "xxx", "XXX", "...", "…")
_LEAST_BITS = 3.0  # per character; English words have about 2.5, random base64 of 24 characters 4.2
_LEAST_BITS_WITH_SPACES = 4.8  # a sentence has about 4.2
_SHORTEST_TOKEN = 16
_IN_WORDS = frozenset("-_/.:'")  # a password that is only said has something else


def find(text: str) -> list[Span]:
    """Return the values that were assigned, not the names that they were assigned to."""
    spans = [span for span in _values(_ASSIGNED_PASSWORD, text) if _is_password(text[span.start : span.end])]
    spans += [span for span in _values(_ASSIGNED_TOKEN, text) if _is_token(text[span.start : span.end])]
    spans += [span for span in _values(_SAID_PASSWORD, text) if _is_mixed(text[span.start : span.end])]
    return spans + list(_values(_BEARER, text))


def normalise(value: str) -> str:
    """Return the value: case matters in secrets."""
    return value


def _values(pattern: Pattern, text: str) -> Iterator[Span]:
    """Yield where the values stand, without the signs that end a sentence."""
    for _, *groups in pattern.groups(text):
        start, end = next(group for group in groups if group.end >= 0)
        yield Span(start, start + len(text[start:end].rstrip(".:?!")))


def _is_password(value: str) -> bool:
    """Tell whether the value is more than a word, a variable, a path or a piece of code."""
    letters, digits = any(map(str.isalpha, value)), any(map(str.isdigit, value))
    return letters and digits and not value.startswith(_VARIABLES) and not any(map(str.isspace, value))


def _is_mixed(value: str) -> bool:
    """Tell whether the value has small letters, digits or capitals, and a sign that words do not have."""
    signs = any(not character.isalnum() and character not in _IN_WORDS for character in value)
    return signs and value not in (value.lower(), value.upper()) and not value.startswith(_VARIABLES)


def _is_token(value: str) -> bool:
    """Tell whether the value is long and random enough for a token."""
    if len(value) < _SHORTEST_TOKEN or value.startswith(_VARIABLES) or not any(map(str.isdigit, value)):
        return False
    return _bits_per_character(value) >= (_LEAST_BITS_WITH_SPACES if " " in value else _LEAST_BITS)


def _bits_per_character(value: str) -> float:
    """Return the Shannon entropy of the characters."""
    shares = [count / len(value) for count in Counter(value).values()]
    return -sum(share * log2(share) for share in shares)
