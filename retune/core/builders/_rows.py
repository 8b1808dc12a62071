"""The rows of tables, as several builders read them."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable
from typing import Any

import pandas as pd

from retune.core.errors import UserError


def of_tables(documents: pd.DataFrame, tables: Iterable[str], columns: Collection[str]) -> pd.DataFrame:
    """Return document_id and the named columns of the rows of some tables; raises UserError where none has a column.

    Cells are as they stand in the table, spaces at their ends included: places of characters are counted in them.
    """
    prefixes = tuple(f"{name}:" for name in tables)
    rows = documents[(documents["kind"] == "row") & documents["document_id"].str.startswith(prefixes)]
    cells = [json.loads(text or "{}") for text in rows["metadata"]]
    known = {name for row in cells for name in row}
    missing = sorted(set(columns) - known)
    if missing and cells:
        raise UserError(
            expected=f"columns {', '.join(columns)} in the tables {', '.join(tables)}",
            found=f"no {', '.join(missing)}, but {', '.join(sorted(known)) or 'nothing'}",
            todo="Correct `examples.options` in params.yaml.",
        )
    found = pd.DataFrame({name: [str(row.get(name, "")) for row in cells] for name in columns}, dtype="str")
    return found.assign(document_id=rows["document_id"].tolist())


def examples(
    rows: pd.DataFrame, made: Callable[[dict[str, str]], dict[str, str]], *, text: str, label: str
) -> pd.DataFrame:
    """Return an example of each row: what `made` makes of its cells, or the ValueError that it raises as the fault.

    One with a fault has the cells of the columns `text` and `label` as they stand: it is rejected for its fault alone.
    """
    found: list[dict[str, Any]] = []
    for cells in rows.to_dict("records"):
        row = {str(name): str(cell) for name, cell in cells.items()}
        try:
            example = {"fault": "", **made(row)}
        except ValueError as error:
            example = {"text": row[text], "label": row[label], "fault": str(error)}
        found.append({"document_id": row["document_id"], "context": "", **example})
    return pd.DataFrame(found, columns=["document_id", "text", "context", "label", "fault"], dtype="str")


def values(cell: str, what: str) -> list[Any]:
    """Return the JSON list in a cell; raises ValueError that names what it should have been."""
    try:
        found = json.loads(cell)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"the {what} are not JSON") from error
    if not isinstance(found, list):
        raise ValueError(f"the {what} are not a list")
    return found
