"""One JSON object per line."""

from __future__ import annotations

from retune.core.decoding import decode
from retune.core.ingest import Part, Refusal, UnreadableError
from retune.core.ingest_json import load, table_of
from retune.core.ingest_tables import parts_of, rule_for
from retune.core.params.ingest import ParsingParams

SUFFIXES = frozenset({".jsonl", ".ndjson"})
MEDIA_TYPE = "application/jsonl"
VERSION = "1"
SIGNATURE = (b"", b"")


def parse(data: bytes, name: str, settings: ParsingParams) -> list[Part]:
    """Return the rows, or all lines as one document; of a table by rows, a broken line costs only itself."""
    decoded = decode(data)
    records, broken = [], []
    for number, line in enumerate(decoded.text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            record = load(line)
        except ValueError:
            record = None
        if isinstance(record, dict):
            records.append(record)
        else:
            broken.append(number)
    by_rows = rule_for(name, settings) is not None
    if broken and not (by_rows and records):
        raise UnreadableError("corrupt", f"line {broken[0]} is not a JSON object ({len(broken)} such lines)")
    if not records:
        return []
    refused: list[Part] = [Refusal(f"line={number}", "corrupt", "the line is not a JSON object") for number in broken]
    return refused + parts_of([table_of(records)], name, settings, decoded.metadata)
