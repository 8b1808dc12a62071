"""One JSON array of objects; a file that holds an object per line is recognised."""

from __future__ import annotations

from retune.core.prepare import reading


def read(data: bytes) -> reading.Read:
    """Return the rows."""
    text = reading.text_of(data)
    whole = reading.whole_json(text)
    if whole is not None:
        return reading.Read(whole, ("read as JSON, to be written as JSONL",))
    notes = ("its extension says JSON, but it holds JSONL: to be written as JSONL",)
    try:
        return reading.Read(reading.json_lines(text), notes)
    except ValueError:
        reading.load(text)  # tells where the one value breaks, which is what its extension says it is
        raise
