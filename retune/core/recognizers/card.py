"""Payment cards: the issuer's prefix and length, the groups that are printed on cards, and the Luhn digit."""

from __future__ import annotations

import re
from itertools import pairwise

from retune.core.spans import Pattern, Span, letters_and_digits, stands_alone

ENTITY_TYPE = "CARD"
CRITICAL = True

_RUN = Pattern(r"[0-9](?:[ \-.\n\x{a0}\x{202f}]?[0-9]){11,}")
_GROUP = re.compile(r"[0-9]+")
_LENGTHS = range(12, 20)
_FIRST_GROUP = 4
_LAYOUTS = ((4, 4, 4, 4, 3), (4, 4, 4, 4, 2), (4, 4, 4, 4, 1), (4, 4, 4, 4), (4, 6, 5), (4, 6, 4))
_DOUBLED = str.maketrans("0123456789", "0246813579")

# The first digits and the lengths that each issuer gives out.
_ISSUED = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})"  # Visa
    r"|(?:5[1-5]\d\d|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12}"  # Mastercard
    r"|220[0-4]\d{12}"  # Mir
    r"|3[47]\d{13}"  # American Express
    r"|3(?:0[0-59]|[89]\d)\d{11}|36\d{12,17}"  # Diners Club
    r"|35\d{14,17}|(?:1800|2131)\d{11}"  # JCB
    r"|(?:50|5[6-8]|6\d)\d{10,17}"  # Maestro, Discover, UnionPay, RuPay
)

normalise = letters_and_digits


def find(text: str) -> list[Span]:
    """Return the card numbers, unbroken or in groups with one kind of separator."""
    return [span for run in _RUN.spans(text) for span in _in_run(text, run)]


def has_luhn_digit(digits: str) -> bool:
    """Tell whether the last digit is the Luhn check digit (ISO/IEC 7812-1, annex B)."""
    return sum(map(int, digits[::-2] + digits[-2::-2].translate(_DOUBLED))) % 10 == 0


def _in_run(text: str, run: Span) -> list[Span]:
    """Return the cards in a run of groups of digits."""
    groups = [Span(*match.span()) for match in _GROUP.finditer(text, *run)]
    spans: list[Span] = []
    at = 0
    while at < len(groups):
        used = next((count for count in _counts(groups, at) if _is_card(text, groups[at : at + count])), 0)
        if used:
            spans.append(Span(groups[at].start, groups[at + used - 1].end))
        at += used or 1
    return spans


def _counts(groups: list[Span], at: int) -> list[int]:
    """Return how many groups from here can be one card by their lengths, the longest first."""
    first = groups[at].end - groups[at].start
    if first != _FIRST_GROUP:
        return [1] if first in _LENGTHS else []
    lengths = tuple(end - start for start, end in groups[at : at + 5])
    return [len(layout) for layout in _LAYOUTS if lengths[: len(layout)] == layout]


def _is_card(text: str, groups: list[Span]) -> bool:
    """Tell whether the groups are one number of a known issuer with a right check digit."""
    whole = Span(groups[0].start, groups[-1].end)
    digits = "".join([text[start:end] for start, end in groups])
    if not (_ISSUED.fullmatch(digits) and has_luhn_digit(digits) and stands_alone(text, whole, glue="-", joints=".")):
        return False
    separators = [text[left.end : right.start] for left, right in pairwise(groups)]
    return len({separator.strip() for separator in separators}) <= 1 and separators.count("\n") <= 1
