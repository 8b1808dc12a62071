"""Tables: each row a document of its own where the settings say so, else the whole table one document."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from retune.core.hashing import sha256_text
from retune.core.ingest import Draft, Part, Refusal, UnreadableError
from retune.core.ingest_dates import iso
from retune.core.params.ingest import ParsingParams, TableParams

ID_LENGTH = 16  # hex digits


@dataclass(frozen=True)
class Table:
    """Cells as text; the rows may be shorter or longer than the header."""

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    title: str = ""

    def columns(self) -> list[str]:
        """Return a name of its own for every column, those beyond the header included."""
        width = max([len(self.header), *map(len, self.rows)])
        names: list[str] = []
        for index in range(width):
            name = (self.header[index].strip() if index < len(self.header) else "") or f"column_{index + 1}"
            names.append(f"{name}_{index + 1}" if name in names else name)
        return names


def parts_of(tables: Sequence[Table], name: str, settings: ParsingParams, metadata: dict[str, str]) -> list[Part]:
    """Return the rows of a file that the settings name, or else its tables as the text of one document."""
    rule = rule_for(name, settings)
    if rule is None:
        return [Draft(text=as_text(tables), metadata=metadata)]
    found = [table for table in tables if rule.known_by in table.columns()]
    if not found:
        columns = "; ".join(", ".join(table.columns()) for table in tables) or "nothing"
        raise UnreadableError("corrupt", f"the table {rule.name} has no column {rule.known_by} but {columns}")
    others = [table for table in tables if table not in found]
    parts: list[Part] = [
        Refusal(f"sheet={table.title}", "corrupt", f"the sheet has no column {rule.known_by}") for table in others
    ]
    for table in found:
        parts += _rows(table, rule, first=1 + sum(part.part.startswith("row=") for part in parts))
    return parts


def rule_for(name: str, settings: ParsingParams) -> TableParams | None:
    """Return the first rule whose pattern the path matches."""
    return next((rule for rule in settings.tables if fnmatchcase(name, rule.match)), None)


def as_text(tables: Sequence[Table]) -> str:
    """Return tables as lines of cells, each under its title."""
    blocks = []
    for table in tables:
        lines = [" | ".join(" ".join(cell.split()) for cell in row) for row in [table.header, *table.rows]]
        blocks.append("\n".join(([f"# {table.title}"] if table.title else []) + lines))
    return "\n\n".join(blocks)


def _rows(table: Table, rule: TableParams, first: int) -> list[Part]:
    columns = table.columns()
    missing = [column for column in [*rule.text, rule.title, rule.date] if column and column not in columns]
    if missing:
        raise UnreadableError("corrupt", f"the table {rule.name} has no column {', '.join(missing)}")
    parts: list[Part] = []
    seen: Counter[str] = Counter()
    for number, row in enumerate(table.rows, first):
        values = dict(zip(columns, [*row, *[""] * (len(columns) - len(row))], strict=True))
        row_id = values[rule.id].strip() if rule.id else _by_content(values, seen)
        parts.append(_row(values, rule, row_id, f"row={number}"))
    return parts


def _by_content(values: dict[str, str], seen: Counter[str]) -> str:
    """Return an id of what a row holds; rows that hold the same are told apart by their number among these."""
    content = sha256_text(json.dumps(values, sort_keys=True))[:ID_LENGTH]
    seen[content] += 1
    return content if seen[content] == 1 else f"{content}-{seen[content]}"


def _row(values: dict[str, str], rule: TableParams, row_id: str, part: str) -> Part:
    if not row_id:
        return Refusal(part, "corrupt", f"the row has no {rule.id}")
    return Draft(
        text="\n\n".join(values[column].strip() for column in rule.text if values[column].strip()),
        title=values[rule.title].strip() if rule.title else "",
        created=iso(values[rule.date]) if rule.date else "",
        kind="row",
        explicit_id=f"{rule.name}:{row_id}",
        part=part,
        metadata=values,
    )
