"""Dates as documents write them."""

from __future__ import annotations

import contextlib
from datetime import datetime
from email.utils import parsedate_to_datetime


def iso(value: str) -> str:
    """Return a date or time as ISO 8601; an empty string where it is none or cannot be told for sure."""
    text = value.strip()
    for normal in (text, text.replace("/", "-"), text.replace(" UTC", "+00:00")):
        with contextlib.suppress(ValueError):
            when = datetime.fromisoformat(normal)
            is_date_alone = len(normal) <= len("2026-01-31")
            return when.date().isoformat() if is_date_alone else when.isoformat()
    with contextlib.suppress(ValueError, TypeError, IndexError):
        return parsedate_to_datetime(text).isoformat()
    return ""
