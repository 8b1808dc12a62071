"""Texts changed in a way that a person would hardly notice, or whose effect a person would know."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

_WORD = re.compile(r"[^\W\d_]{4,}")
_VERB = "is|are|was|were|can|could|do|does|did|has|have|had|will|would|should|must"
_NEGATED = re.compile(rf"\b(?:({_VERB})(?: not|n['’]t)|(ca|wo)n['’]t|(can)not)\b", re.IGNORECASE)
_PLAIN = re.compile(rf"\b({_VERB})\b", re.IGNORECASE)
_WHOLE = {"ca": "can", "wo": "will"}


def typos(text: str, count: int, seed: int) -> str:
    """Return the text with two letters swapped in so many of its words of four letters or more; the ends stay."""
    draw = random.Random(f"{seed} {text}")
    words = list(_WORD.finditer(text))
    letters = list(text)
    for word in draw.sample(words, min(count, len(words))):
        place = draw.randrange(word.start() + 1, word.end() - 2)
        letters[place], letters[place + 1] = letters[place + 1], letters[place]
    return "".join(letters)


def in_case(text: str, case: str) -> str:
    """Return the text in upper or in lower case."""
    return text.upper() if case == "upper" else text.lower()


def names_swapped(text: str, names: Sequence[str], seed: int) -> str:
    """Return the text with every name of a list replaced by another of it, the same one by the same."""
    turn = random.Random(f"{seed} {text}").randrange(1, len(names))
    others = {name: names[(place + turn) % len(names)] for place, name in enumerate(names)}
    longest_first = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    return re.sub(rf"(?<!\w)(?:{longest_first})(?!\w)", lambda found: others[found[0]], text)


def negated(text: str) -> str:
    """Return the English text with its first negation taken out, or with one put in where it has none."""
    if _NEGATED.search(text):
        return _NEGATED.sub(lambda found: found[1] or _WHOLE.get((found[2] or "").lower(), found[3] or ""), text, 1)
    return _PLAIN.sub(r"\1 not", text, 1)
