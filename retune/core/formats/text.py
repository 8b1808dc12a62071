"""Plain text."""

from __future__ import annotations

from retune.core.decoding import decode
from retune.core.ingest import Draft, Part
from retune.core.params.ingest import ParsingParams

SUFFIXES = frozenset({".txt", ".text", ".log"})
MEDIA_TYPE = "text/plain"
VERSION = "1"
SIGNATURE = (b"", b"")


def parse(data: bytes, name: str, settings: ParsingParams) -> list[Part]:  # noqa: ARG001 - what every format takes
    """Return the text as it is."""
    decoded = decode(data)
    return [Draft(text=decoded.text, metadata=decoded.metadata)]
