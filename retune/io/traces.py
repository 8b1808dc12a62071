"""Tables on a disk, looked through for what is to be erased: Parquet by its columns, answers of people as CSV."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from retune.core.collected import COLLECTED, REFUSED
from retune.core.examples import FROM_PEOPLE
from retune.core.forget import Target

if TYPE_CHECKING:
    import pyarrow as pa

PARQUET = b"PAR1"
HEADERS = tuple(",".join(columns).encode() for columns in (COLLECTED, REFUSED))
KNOWN = ("document_id", "example_id", "row_id", "source_path", "text", "title", "metadata", "answer_id",
         "detail")  # fmt: skip


def is_table(path: Path) -> bool:
    """Tell whether a file is a table that could hold what is to be erased."""
    with path.open("rb") as stream:
        start = stream.read(256)
    return start.startswith((PARQUET, *HEADERS))


def lists_a_file(path: Path, target: Target) -> bool:
    """Tell whether a JSON file names a file that goes whole: a name may say who it was about."""
    text = path.read_text(encoding="utf-8")
    return any(json.dumps(name) in text or json.dumps(name, ensure_ascii=False) in text for name in target.paths)


def rows_taken(path: Path, target: Target) -> list[dict[str, Any]]:
    """Return the rows of a table that go; none for a file that is no table."""
    return [row for row in _rows(path) if target.takes(row)]


def without(table: pa.Table, target: Target) -> pa.Table:
    """Return a Parquet table without the rows that go; its columns and notes stay."""
    import pyarrow as pa

    kept = [not target.takes(row) for row in _known(table).to_pylist()]
    return table if all(kept) else table.filter(pa.array(kept, type=pa.bool_()))


def grown(paths: Iterable[Path], target: Target) -> Target:
    """Return the target with every id and text that tables know of what goes, until nothing is added."""
    tables = [path for path in paths if is_table(path)]
    while True:
        rows = [row for path in tables for row in rows_taken(path, target)]
        more = target.with_rows(rows)
        if more == target:
            return target
        target = more


def _rows(path: Path) -> list[dict[str, Any]]:
    """Return the rows of a table with the columns that could tell."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    with path.open("rb") as stream:
        is_parquet = stream.read(4) == PARQUET
    if not is_parquet:
        with path.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        return [{**row, "document_id": FROM_PEOPLE + row["answer_id"]} if "answer_id" in row else row for row in rows]
    try:
        found: list[dict[str, Any]] = _known(pq.read_table(path)).to_pylist()
        return found
    except (pa.ArrowException, OSError):
        return []  # begins like Parquet and is none: nothing that we wrote


def _known(table: pa.Table) -> pa.Table:
    """Return the columns of a table that could tell, as far as it has them."""
    return table.select([name for name in KNOWN if name in table.column_names])
