"""User names with passwords, and long tokens, before the @ of a URL; a variable such as $PASSWORD is no password."""

from __future__ import annotations

from retune.core.spans import Pattern, Span

ENTITY_TYPE = "URL_CREDENTIALS"
CRITICAL = True

_USERINFO = Pattern(r"""[A-Za-z][A-Za-z0-9+.\-]{1,30}://([^\s/?#"'<>\[\]`]{1,500})@""")
_SHORTEST_TOKEN = 16
_VARIABLES = ("$", "{", "%(", "%{", "*")


def find(text: str) -> list[Span]:
    """Return the whole user information of each URL that opens something."""
    return [span for span in _USERINFO.spans(text, 1) if _opens(text[span.start : span.end])]


def normalise(value: str) -> str:
    """Return the value: case matters in passwords."""
    return value


def _opens(userinfo: str) -> bool:
    """Tell whether there is a password, or a name that is long enough to be a token."""
    _, colon, password = userinfo.partition(":")
    if colon:
        return bool(password) and not password.startswith(_VARIABLES)
    return len(userinfo) >= _SHORTEST_TOKEN and "@" not in userinfo and not userinfo.startswith(_VARIABLES)
