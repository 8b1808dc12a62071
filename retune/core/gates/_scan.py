"""The second scan: the recognizers again, over everything that leaves redaction."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from retune.core import parts, redaction
from retune.core.params.redact import RedactParams

SECRETS = frozenset({"URL_CREDENTIALS", "PRIVATE_KEY", "ACCESS_TOKEN"})
SCANNED = ("document_id", "source_path", "department", "title", "text", "metadata")


def found_in(frame: pd.DataFrame, recognizers: Sequence[redaction.Recognizer], keep: Sequence[str]) -> pd.Series:
    """Return, for each document, types and how often they occur, as `EMAIL 2, PHONE 1`; null where nothing is found."""
    found = []
    for cells in frame[list(SCANNED)].itertuples(index=False, name=None):
        kinds: Counter[str] = Counter()
        for context, text in _fields(cells):
            kinds.update(item.recognizer.entity_type for item in redaction.detect(text, recognizers, keep, context))
        found.append(", ".join(f"{kind} {number}" for kind, number in sorted(kinds.items())) or None)
    return pd.Series(found, index=frame.index, dtype="object")


def critical(regions: Sequence[str], keep: Sequence[str]) -> list[redaction.Recognizer]:
    """Return all recognizers of what names a person or opens a door, whether redaction was told to use them or not."""
    names = tuple(parts.names(redaction.PACKAGE))
    settings = RedactParams(recognizers=names, regions=tuple(regions), keep=tuple(keep))
    return [recognizer for recognizer in redaction.load(settings) if recognizer.critical]


def _fields(cells: tuple[Any, ...]) -> Iterator[tuple[str, str]]:
    """Yield the texts of a document; a value of the metadata has its name before it, as in redaction."""
    *fields, metadata = cells
    yield from (("", str(field or "")) for field in fields)
    yield from ((f"{key}: ", str(value)) for key, value in json.loads(metadata or "{}").items())
