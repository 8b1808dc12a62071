"""The second scan: the recognizers again, over everything that leaves redaction."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pandas as pd

from retune.core import parts

RECOGNIZERS = "retune.core.recognizers"
SECRETS = frozenset({"URL_CREDENTIALS", "PRIVATE_KEY", "ACCESS_TOKEN"})
SCANNED = ("document_id", "source_path", "title", "text", "metadata")


def found_in(frame: pd.DataFrame, *, secrets: bool) -> pd.Series:
    """Return, for each document, entity types and how often they occur, as `EMAIL 2, PHONE 1`; null where none does.

    With `secrets` the types of `SECRETS` are looked for, without it all others.
    """
    recognizers = [part for part in parts.load_all(RECOGNIZERS).values() if (part.ENTITY_TYPE in SECRETS) == secrets]
    found = []
    for cells in frame[list(SCANNED)].itertuples(index=False, name=None):
        counts: Counter[str] = Counter()
        for text in _texts(cells):
            for part in recognizers:
                counts[part.ENTITY_TYPE] += len(list(part.find(text)))
        found.append(", ".join(f"{kind} {number}" for kind, number in sorted(counts.items()) if number) or None)
    return pd.Series(found, index=frame.index, dtype="object")


def _texts(cells: tuple[Any, ...]) -> Iterator[str]:
    """Yield every text of a document, each field and each metadata value by itself."""
    *fields, metadata = cells
    yield from (str(field or "") for field in fields)
    yield from map(str, json.loads(metadata or "{}").values())
