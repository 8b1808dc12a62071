"""One JSON object per line; a file that holds one JSON value over all its lines is recognised."""

from __future__ import annotations

from retune.core.prepare import reading


def read(data: bytes) -> reading.Read:
    """Return the rows."""
    text = reading.text_of(data)
    whole = reading.whole_json(text)
    if whole is None:
        return reading.Read(reading.json_lines(text), is_jsonl=True)
    if len(whole) == 1 and not text.lstrip().startswith("[") and "\n" not in text.strip():
        return reading.Read(whole, is_jsonl=True)
    return reading.Read(whole, ("its extension says JSONL, but it holds JSON: to be written as JSONL",))
