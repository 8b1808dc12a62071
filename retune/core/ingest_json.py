"""JSON values as tables."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from retune.core.decoding import readable
from retune.core.ingest_tables import Table


def load(text: str) -> Any:
    """Return a JSON value; raise ValueError for what is none, for nesting too deep and for numbers too long."""
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("it nests too deep") from error


def table_of(records: Sequence[Mapping[str, Any]]) -> Table:
    """Return objects as a table: its columns are all their keys, in the order in which they first occur."""
    header = list(dict.fromkeys(key for record in records for key in record))
    return Table([readable(key) for key in header], [[cell(record.get(key)) for key in header] for record in records])


def cell(value: Any) -> str:
    """Return a value as the text of a cell: strings as they are, nothing for null, JSON for everything else."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
    return readable(text)
