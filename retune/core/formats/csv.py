"""Comma-separated values; the separator may also be a semicolon, a tab or a bar."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from retune.core.decoding import decode
from retune.core.ingest import Part, UnreadableError
from retune.core.ingest_tables import Table, parts_of
from retune.core.params.ingest import ParsingParams

SUFFIXES = frozenset({".csv"})
MEDIA_TYPE = "text/csv"
VERSION = "1"
SIGNATURE = (b"", b"")
SEPARATORS = ",;\t|"


def parse(data: bytes, name: str, settings: ParsingParams) -> list[Part]:
    """Return the rows, or the whole table as one document."""
    return parse_separated(data, name, settings, SEPARATORS)


def parse_separated(data: bytes, name: str, settings: ParsingParams, separators: str) -> list[Part]:
    """Return the rows of a table; of the separators, the one that splits its first line into most cells holds."""
    decoded = decode(data)
    csv.field_size_limit(settings.max_text_characters)
    try:
        separator = max(separators, key=lambda mark: _width(decoded.text, mark))
        rows = [row for row in _rows(decoded.text, separator) if row]
    except csv.Error as error:
        raise UnreadableError("corrupt", f"the quotes of a cell do not close ({error})") from error
    if not rows:
        return []
    return parts_of([Table(rows[0], rows[1:])], name, settings, decoded.metadata)


def _width(text: str, separator: str) -> int:
    """Return into how many cells a separator splits the first line; none where its quotes do not fit."""
    try:
        return len(next(_rows(text, separator), []))
    except csv.Error:
        return 0


def _rows(text: str, separator: str) -> Iterator[list[str]]:
    return csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
