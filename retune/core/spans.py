"""Where something stands in a text, how it is looked for, and whether it stands there by itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import re2


class Span(NamedTuple):
    """A half-open range of characters of a text."""

    start: int
    end: int


class Pattern:
    """An expression compiled by RE2: time linear in the text, offsets in characters, nothing on stderr."""

    def __init__(self, expression: str) -> None:
        options = re2.Options()
        options.log_errors = False
        self._of_text = re2.compile(expression, options)
        self._of_ascii = re2.compile(expression.encode(), options)  # twice as fast: bytes are characters there

    def groups(self, text: str) -> Iterator[list[Span]]:
        """Yield the spans of each match and of its groups; a group that took no part is (-1, -1)."""
        matches = self._of_ascii.finditer(text.encode()) if text.isascii() else self._of_text.finditer(text)
        numbers = range(self._of_text.groups + 1)
        for match in matches:
            yield [Span(*match.span(number)) for number in numbers]

    def spans(self, text: str, group: int = 0) -> Iterator[Span]:
        """Yield the span of each match, or of one of its groups."""
        matches = self._of_ascii.finditer(text.encode()) if text.isascii() else self._of_text.finditer(text)
        for match in matches:
            yield Span(*match.span(group))


def stands_alone(text: str, span: Span, *, glue: str = "", joints: str = "") -> bool:
    """Tell whether no word goes on at either end: right there, behind a `glue`, or with a digit behind a joint."""
    return not (_touches(text, span.start - 1, -1, glue, joints) or _touches(text, span.end, 1, glue, joints))


def _touches(text: str, at: int, step: int, glue: str, joints: str) -> bool:
    """Tell whether a word goes on at this place, reading left (-1) or right (1)."""
    if not 0 <= at < len(text):
        return False
    sign, behind = text[at], text[at + step : at + step + 1] if at + step >= 0 else ""
    if sign in glue:
        return behind.isalnum()
    if sign in joints:
        return behind.isdigit()
    return sign.isalnum() or sign == "_"


def letters_and_digits(value: str) -> str:
    """Return what makes two spellings of a number the same: its letters and digits, in lower case."""
    return "".join(character for character in value.casefold() if character.isalnum())


def digits_of(value: str) -> str:
    """Return the ASCII digits of a value."""
    return "".join(character for character in value if "0" <= character <= "9")
