"""Plain text: each line is a completion without a prompt."""

from __future__ import annotations

from retune.core.prepare import reading


def read(data: bytes) -> reading.Read:
    """Return a row per line, an empty last one included, so that it is seen to be left out."""
    text = reading.text_of(data)
    rows = [{"prompt": "", "completion": line} for line in reading.lines_of(text)] if text else []
    return reading.Read(rows, ("read as TXT, each line a completion, to be written as JSONL",))
