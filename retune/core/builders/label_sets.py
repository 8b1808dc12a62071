"""Examples from the rows of tables: all labels of a text stand in one column."""

from __future__ import annotations

from typing import Annotated

import pandas as pd
from pydantic import Field

from retune.core.builders import _rows
from retune.core.params.base import Settings
from retune.core.targets import labels as target


class Options(Settings):
    """Where the labels stand."""

    tables: Annotated[list[str], Field(min_length=1)]
    """Names of tables as `corpus.ingest.parsing.tables` gives them."""

    text_column: str
    """The column with the text."""

    labels_column: str
    """The column with the labels; an empty cell says that none applies."""

    separator: str
    """What stands between two labels in a cell, such as `;`; empty: the cell is a JSON list."""


def build(documents: pd.DataFrame, options: Options) -> pd.DataFrame:
    """Return document_id, text, label and fault of each row of the tables."""
    columns = list(dict.fromkeys([options.text_column, options.labels_column]))
    rows = _rows.of_tables(documents, options.tables, columns)

    def made(row: dict[str, str]) -> dict[str, str]:
        names = _named(row[options.labels_column], options.separator)
        return {"text": row[options.text_column], "label": target.dump(names)}

    return _rows.examples(rows, made, text=options.text_column, label=options.labels_column)


def _named(cell: str, separator: str) -> list[str]:
    """Return the labels in a cell; raises ValueError for a cell that is no list of names."""
    if not cell.strip():
        return []
    found = cell.split(separator) if separator else _rows.values(cell, "labels")
    if not all(isinstance(name, str) for name in found):
        raise ValueError("a label is no text")
    return [name.strip() for name in found if name.strip()]
