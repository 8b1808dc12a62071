"""JSON: an array of objects is a table, anything else one document."""

from __future__ import annotations

import json

from retune.core.decoding import decode, readable
from retune.core.ingest import Draft, Part, UnreadableError
from retune.core.ingest_json import load, table_of
from retune.core.ingest_tables import parts_of
from retune.core.params.ingest import ParsingParams

SUFFIXES = frozenset({".json"})
MEDIA_TYPE = "application/json"
VERSION = "1"
SIGNATURE = (b"", b"")


def parse(data: bytes, name: str, settings: ParsingParams) -> list[Part]:
    """Return the rows, or the whole value as indented text."""
    decoded = decode(data)
    if not decoded.text.strip():
        return []
    try:
        value = load(decoded.text)
    except ValueError as error:
        raise UnreadableError("corrupt", f"it is not JSON ({type(error).__name__})") from error
    if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        return parts_of([table_of(value)], name, settings, decoded.metadata)
    text = json.dumps(value, ensure_ascii=False, indent=2) if value else ""
    return [Draft(text=readable(text), metadata=decoded.metadata)]
