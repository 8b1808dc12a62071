"""E-mail addresses, also with [at] and (at); service accounts (git@) and file names (logo@2x.png) are none."""

from __future__ import annotations

from retune.core.spans import Pattern, Span

ENTITY_TYPE = "EMAIL"
CRITICAL = True

_LETTER = r"A-Za-z0-9\x{c0}-\x{24f}\x{370}-\x{1fff}\x{3040}-\x{d7ff}"  # \pL takes RE2 more memory than it has
_DOT = r"(?:\.| ?[\[(] ?dot ?[\])] ?)"
_ADDRESS = Pattern(
    rf"(?i)([{_LETTER}][{_LETTER}._%+'\-]*)(?:@| ?[\[(] ?at ?[\])] ?)"
    rf"((?:[{_LETTER}\-]+{_DOT})+(?:[a-z]{{2,24}}|xn--[a-z0-9\-]{{2,59}}))"
)
_FILE_ENDINGS = (".png", ".jpg", ".jpeg", ".gif", ".svg", ".webp", ".css", ".js", ".html")
_SERVICES = frozenset({"git", "hg", "svn"})
_LONGEST_USERINFO = 300


def find(text: str) -> list[Span]:
    """Return the addresses; what stands before the @ of a URL with a password is left to `url_credentials`."""
    return [
        whole
        for whole, user, host in _ADDRESS.groups(text)
        if text[user.start : user.end].casefold() not in _SERVICES
        and not text[host.start : host.end].casefold().endswith(_FILE_ENDINGS)
        and not _is_password(text, whole.start)
    ]


def normalise(value: str) -> str:
    """Return the address in lower case."""
    return value.casefold()


def _is_password(text: str, start: int) -> bool:
    """Tell whether the range begins inside `scheme://user:`."""
    before = text[max(start - _LONGEST_USERINFO, 0) : start]
    userinfo = before.rpartition("://")[2] if "://" in before else ""
    return ":" in userinfo and not any(character in "/?#" or character.isspace() for character in userinfo)
