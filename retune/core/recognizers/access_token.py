"""Keys and tokens that their issuer's form gives away, and password hashes."""

from __future__ import annotations

from retune.core.spans import Pattern, Span

ENTITY_TYPE = "ACCESS_TOKEN"
CRITICAL = True

_FORMS = (
    r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b",  # AWS access key id
    r"\bgh[pousr]_[A-Za-z0-9]{36,255}",  # GitHub
    r"\bgithub_pat_[A-Za-z0-9_]{22,255}",
    r"\bglpat-[A-Za-z0-9_\-]{20,255}",  # GitLab
    r"\bxox[abeoprs]-[A-Za-z0-9\-]{10,255}",  # Slack
    r"hooks\.slack\.com/services/T[A-Za-z0-9]{5,20}/B[A-Za-z0-9]{5,20}/[A-Za-z0-9]{16,40}",
    r"\beyJ[A-Za-z0-9_\-]{8,}\.eyJ[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]{16,}",  # JSON web token, signed
    r"\bAIza[A-Za-z0-9_\-]{35}",  # Google
    r"\b[sr]k_(?:live|test)_[A-Za-z0-9]{16,255}",  # Stripe
    r"\bsk-(?:[a-z]{2,8}-)?[A-Za-z0-9_\-]{20,255}",  # OpenAI, Anthropic
    r"\bnpm_[A-Za-z0-9]{36}\b",
    r"\bpypi-[A-Za-z0-9_\-]{40,255}",
    r"\bhf_[A-Za-z0-9]{30,60}\b",
    r"\bSG\.[A-Za-z0-9_\-]{16,32}\.[A-Za-z0-9_\-]{32,64}",  # SendGrid
    r"\bAccountKey=[A-Za-z0-9+/]{60,100}={0,2}",  # Azure storage
    r"\$(?:2[abxy]|apr1|argon2id?|[1567y])\$[A-Za-z0-9./$=,+]{20,200}",  # password hashes of crypt(3)
)
_TOKEN = Pattern("|".join(_FORMS))


def find(text: str) -> list[Span]:
    """Return the tokens."""
    return [span for span in _TOKEN.spans(text) if any(map(str.isdigit, text[span.start : span.end]))]


def normalise(value: str) -> str:
    """Return the value: case matters in tokens."""
    return value
