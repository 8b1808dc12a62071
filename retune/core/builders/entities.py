"""Examples from texts with the entities that stand in them, given by their places."""

from __future__ import annotations

from typing import Annotated, Any

import pandas as pd
from pydantic import Field

from retune.core.builders import _places, _rows
from retune.core.params.base import Settings
from retune.core.targets import entities as target

TYPES, WORDS = ("type", "label", "entity_type"), ("text", "value")  # what tools call them


class Options(Settings):
    """Where text and spans stand."""

    tables: Annotated[list[str], Field(min_length=1)]
    """Names of tables as `corpus.ingest.parsing.tables` gives them."""

    text_column: str
    """The column with the text."""

    spans_column: str
    """The column with a list of `start`, `end` and `type`, and best the `text` of each: where redaction has changed a
    text, only spans that say their own words can be found again, and the others are rejected."""


def build(documents: pd.DataFrame, options: Options) -> pd.DataFrame:
    """Return document_id, text, label and fault of each row; spans are found again after redaction."""
    columns = [options.text_column, options.spans_column]
    rows = _rows.of_tables(documents, options.tables, list(dict.fromkeys(columns)))
    return _rows.examples(
        rows,
        lambda row: _example(*(row[name] for name in columns)),
        text=options.text_column,
        label=options.spans_column,
    )


def _example(text: str, cell: str) -> dict[str, str]:
    """Return the cells of an example; raises ValueError where a span cannot be found again."""
    found, after = [], (0, 0)
    for start, end, kind, words in sorted(map(_told, _rows.values(cell, "spans"))):
        if words:
            place = _places.find_again(text, words, start, after)
            after = (end, place + len(words))
            found.append(target.Entity(place, place + len(words), kind))
        else:
            _places.check_place(text, start, end)
            found.append(target.Entity(start, end, kind))
    return {"text": text, "label": target.dump(dict.fromkeys(found))}


def _told(span: Any) -> tuple[int, int, str, str]:
    """Return start, end, type and words of a span; raises ValueError where it has no places or no type."""
    if isinstance(span, list):
        span = dict(zip(("start", "end", "type"), span, strict=False))
    known = span if isinstance(span, dict) else {}
    start, end = known.get("start"), known.get("end")
    kind, words = (next((known[name] for name in names if known.get(name)), "") for names in (TYPES, WORDS))
    if type(start) is not int or type(end) is not int or not isinstance(kind, str) or not kind.strip():
        raise ValueError("a span has no start, no end or no type")
    return start, end, kind, words if isinstance(words, str) else ""
