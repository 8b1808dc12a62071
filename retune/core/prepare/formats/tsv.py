"""Tab-separated values with a header."""

from __future__ import annotations

from retune.core.prepare import reading


def read(data: bytes) -> reading.Read:
    """Return the rows by the names of the header."""
    return reading.Read(reading.separated(data, "\t"), ("read as TSV, to be written as JSONL",))
