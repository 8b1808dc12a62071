"""Tab-separated values."""

from __future__ import annotations

from retune.core.formats.csv import parse_separated
from retune.core.ingest import Part
from retune.core.params.ingest import ParsingParams

SUFFIXES = frozenset({".tsv", ".tab"})
MEDIA_TYPE = "text/tab-separated-values"
VERSION = "1"
SIGNATURE = (b"", b"")


def parse(data: bytes, name: str, settings: ParsingParams) -> list[Part]:
    """Return the rows, or the whole table as one document."""
    return parse_separated(data, name, settings, "\t")
