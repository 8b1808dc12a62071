"""Rows taken out of a table without touching what stands beside them; what cannot be done so exactly is not done."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Collection
from typing import Any

from retune.core.decoding import decode
from retune.core.formats.csv import SEPARATORS
from retune.core.ingest import Draft, UnreadableError
from retune.core.ingest_formats import format_of, parse
from retune.core.ingest_tables import rule_for
from retune.core.params.ingest import ParsingParams, TableParams
from retune.core.tombstones import ROW

Rows = Collection[int]  # numbers of rows, as the parts of a file name them


class NotEditableError(Exception):
    """Rows of this file cannot be taken out by a program without harm to the others; the message says why."""


def cut(data: bytes, path: str, parts: Collection[str], settings: ParsingParams) -> bytes:
    """Return a file without these parts (`row=3`); no bytes at all where no row is left.

    Raises NotEditableError where another row would change.
    """
    rule, before = rule_for(path, settings), parse(data, path, settings).parts
    form = format_of(data, path)
    if rule is None or form not in CUTTERS or not all(part.startswith(ROW) for part in parts):
        raise NotEditableError("only rows of tables that corpus.ingest.parsing names can be taken out one by one")
    kept = [part for part in before if part.part not in parts]
    if not kept:
        return b""
    try:
        after = CUTTERS[form](data, {int(part.removeprefix(ROW)) for part in parts}, rule)
    except (UnreadableError, ValueError, LookupError, csv.Error) as error:
        raise NotEditableError(f"reading it again ended with {type(error).__name__}") from error
    if _said(parse(after, path, settings).parts) != _said(kept):
        raise NotEditableError("other rows would not stay as they are, such as values that formulas compute")
    return after


def _said(parts: Collection[Any]) -> list[tuple[Any, ...]]:
    """Return what the parts of a file say, wherever they stand."""
    return [
        (part.explicit_id, part.text, part.title, part.created, sorted(part.metadata.items()))
        if isinstance(part, Draft)
        else (part.reason,)
        for part in parts
    ]


def _without_records(data: bytes, rows: Rows, _rule: TableParams) -> bytes:
    """Return a table of separated values without some of its rows; all other bytes stay."""
    text, encoding = _exactly(data)
    lines = list(io.StringIO(text, newline=""))
    separator = max(SEPARATORS, key=lambda mark: len(next(csv.reader(lines[:1], delimiter=mark), [])))
    reader = csv.reader(lines, delimiter=separator, strict=True)
    kept, number, end = [], -1, 0
    for record in reader:
        number += bool(record)  # the header is number 0, an empty line has none
        if not record or number not in rows:
            kept += lines[end : reader.line_num]
        end = reader.line_num
    return "".join(kept).encode(encoding)


def _without_lines(data: bytes, rows: Rows, _rule: TableParams) -> bytes:
    """Return JSON lines without some of the objects."""
    text, encoding = _exactly(data)
    kept, number = [], 0
    for line in text.split("\n"):
        number += _is_object(line)
        if not (_is_object(line) and number in rows):
            kept.append(line)
    return "\n".join(kept).encode(encoding)


def _without_items(data: bytes, rows: Rows, _rule: TableParams) -> bytes:
    """Return a JSON array without some of its objects, set anew."""
    text, encoding = _exactly(data)
    items = [item for number, item in enumerate(json.loads(text), 1) if number not in rows]
    return json.dumps(items, ensure_ascii=False, indent=2 if "\n" in text.strip() else None).encode(encoding)


def _without_sheet_rows(data: bytes, rows: Rows, rule: TableParams) -> bytes:
    """Return a workbook without some rows of its visible sheets; those above and below close the gap."""
    from openpyxl import load_workbook

    book, number = load_workbook(io.BytesIO(data)), 0
    for sheet in book.worksheets:
        filled = [index for index, row in enumerate(sheet.iter_rows(values_only=True), 1) if any(_filled(row))]
        if sheet.sheet_state != "visible" or not filled or rule.known_by not in _names(sheet, filled[0]):
            continue
        numbers = dict(enumerate(filled[1:], number + 1))
        number += len(numbers)
        for index in sorted((numbers[row] for row in rows if row in numbers), reverse=True):
            sheet.delete_rows(index)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


CUTTERS: dict[str, Callable[[bytes, Rows, TableParams], bytes]] = {
    "csv": _without_records,
    "tsv": _without_records,
    "jsonl": _without_lines,
    "json": _without_items,
    "xlsx": _without_sheet_rows,
}


def _exactly(data: bytes) -> tuple[str, str]:
    """Return the text of a file and its encoding; raises NotEditableError where the same bytes would not come back."""
    encoding = decode(data).encoding
    try:
        text = data.decode(encoding)
        if text.encode(encoding) == data:
            return text, encoding
    except UnicodeError:
        pass
    raise NotEditableError("its encoding cannot be written back byte for byte")


def _is_object(line: str) -> bool:
    """Tell whether a line is a JSON object."""
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _filled(row: Collection[Any]) -> list[bool]:
    """Return which cells of a row hold something."""
    return [cell is not None and str(cell) != "" for cell in row]


def _names(sheet: Any, index: int) -> list[str]:
    """Return the cells of a sheet's header."""
    return [str(cell.value or "").strip() for cell in sheet[index]]
