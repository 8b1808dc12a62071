"""Examples from the rows of tables: the label stands in a column."""

from __future__ import annotations

from typing import Annotated

import pandas as pd
from pydantic import Field

from retune.core.examples import metadata_value
from retune.core.params.base import Settings


class Options(Settings):
    """Where the labels stand."""

    tables: Annotated[list[str], Field(min_length=1)]
    """Names of tables as `corpus.ingest.parsing.tables` gives them."""

    label_column: str
    """The column that holds the label."""


def build(documents: pd.DataFrame, options: Options) -> pd.DataFrame:
    """Return document_id, text and label of each row of the tables; an empty cell is an empty label."""
    prefixes = tuple(f"{name}:" for name in options.tables)
    rows = documents[(documents["kind"] == "row") & documents["document_id"].str.startswith(prefixes)]
    return rows[["document_id", "text"]].assign(label=metadata_value(rows, options.label_column))
