"""Comma-separated values with a header; the separator may also be a semicolon, a tab or a bar."""

from __future__ import annotations

from retune.core.prepare import reading


def read(data: bytes) -> reading.Read:
    """Return the rows by the names of the header."""
    return reading.Read(reading.separated(data, ",;\t|"), ("read as CSV, to be written as JSONL",))
