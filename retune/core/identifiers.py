"""What a person is known by, found again in texts: e-mail addresses, telephone numbers, names and other words.

A mark is a kind and a value in one spelling: `("email", "ada@example.com")`, `("phone", "079460958")` (last digits),
`("words-2", "ada lovelace")`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator

from retune.core.errors import UserError
from retune.core.hashing import normalised

Mark = tuple[str, str]

EMAIL, PHONE, WORDS = "email", "phone", "words-"
SHORTEST, MOST_WORDS = 3, 8
LEAST_DIGITS, MOST_DIGITS = 7, 15
SAME_DIGITS = 9  # +44 20 7946 0958 and 020 7946 0958 end alike
MOST_GROUPS = 8  # of digits in one number
_OUTSIDE = r"\s<>()\[\]{},;:\"'|\\@"
_ADDRESS = re.compile(rf"[^{_OUTSIDE}]+@[\w\-]+(?:\.[\w\-]+)*")
_AT, _DOT = re.compile(r" ?[\[(] ?at ?[\])] ?"), re.compile(r" ?[\[(] ?dot ?[\])] ?")
_GROUP = re.compile(r"\d+")
_GAP = re.compile(r"[ .\-/()+\u2010-\u2013]{1,4}")
_ONLY_PHONE = re.compile(r"[+(]?\d[\d .\-/()\u2010-\u2013]*")


def mark_of(identifier: str) -> Mark:
    """Return the mark of what somebody gave: an address by its @, a number by its digits, else words as they stand.

    Raises UserError for what is too short to mean one person, or too long to be a name.
    """
    plain = _plain(identifier).strip()
    if "@" in plain:
        found = list(_emails(plain))
        if len(found) == 1:
            return EMAIL, found[0]
        raise _unclear(identifier, "an e-mail address and nothing else")
    digits = "".join(_GROUP.findall(plain))
    if _ONLY_PHONE.fullmatch(plain) and LEAST_DIGITS <= len(digits) <= MOST_DIGITS:
        return PHONE, digits[-SAME_DIGITS:]
    words = normalised(identifier)
    if len(words) < SHORTEST or len(words.split()) > MOST_WORDS:
        raise _unclear(identifier, f"an identifier of at least {SHORTEST} letters and at most {MOST_WORDS} words")
    return f"{WORDS}{len(words.split())}", words


def marks_in(text: str, kinds: Collection[str]) -> Iterator[Mark]:
    """Yield every mark of these kinds in a text; the same one may come twice."""
    if EMAIL in kinds:
        yield from ((EMAIL, address) for address in _emails(_plain(text)))
    if PHONE in kinds:
        yield from ((PHONE, number) for number in _phones(_plain(text)))
    lengths = sorted(int(kind.removeprefix(WORDS)) for kind in kinds if kind.startswith(WORDS))
    words = normalised(text).split() if lengths else []
    for length in lengths:
        for start in range(len(words) - length + 1):
            yield f"{WORDS}{length}", " ".join(words[start : start + length])


def is_personal(kind: str) -> bool:
    """Tell whether a kind of mark is looked for inside texts."""
    return kind in (EMAIL, PHONE) or kind.startswith(WORDS)


def _plain(text: str) -> str:
    """Return a text in one spelling of its letters, with [at] and [dot] written out."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return _DOT.sub(".", _AT.sub("@", folded)) if "at" in folded else folded


def _emails(text: str) -> Iterator[str]:
    """Yield the addresses in a text without the punctuation around them."""
    for found in _ADDRESS.finditer(text) if "@" in text else ():
        yield found[0].strip(".!?-=*_/&")


def _phones(text: str) -> Iterator[str]:
    """Yield the last digits of everything that could be a number: groups of digits with small gaps between them."""
    groups = list(_GROUP.finditer(text))
    for first in range(len(groups)):
        digits = ""
        for place in range(first, min(first + MOST_GROUPS, len(groups))):
            if place > first and not _GAP.fullmatch(text, groups[place - 1].end(), groups[place].start()):
                break
            digits += groups[place][0]
            if len(digits) > MOST_DIGITS:
                break
            if len(digits) >= LEAST_DIGITS:
                yield digits[-SAME_DIGITS:]


def _unclear(identifier: str, expected: str) -> UserError:
    """Return what to say of an identifier that would find nothing, or everything."""
    todo = "Give it as it stands in the texts; several of one person are given one by one."
    return UserError(expected=expected, found=f"{len(identifier)} characters that are none", todo=todo)
