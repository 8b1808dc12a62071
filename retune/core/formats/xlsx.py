"""Excel workbooks: the values that were computed, not the formulas."""

from __future__ import annotations

import io
from datetime import date, time
from importlib.metadata import version
from typing import Any

from retune.core.decoding import readable
from retune.core.ingest import Part
from retune.core.ingest_tables import Table, parts_of
from retune.core.ingest_zip import check_office_file
from retune.core.params.ingest import ParsingParams

SUFFIXES = frozenset({".xlsx", ".xlsm"})
MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
VERSION = f"1+openpyxl-{version('openpyxl')}"
SIGNATURE = (b"PK\x03\x04", b"xl/workbook.xml")


def parse(data: bytes, name: str, settings: ParsingParams) -> list[Part]:
    """Return the rows, or all visible sheets as one document; hidden sheets are left out and named in the metadata."""
    check_office_file(data, settings.max_unpacked_mb)
    from openpyxl import load_workbook

    book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
    hidden = [sheet.title for sheet in book.worksheets if sheet.sheet_state != "visible"]
    tables = [_table(sheet) for sheet in book.worksheets if sheet.sheet_state == "visible"]
    tables = [table for table in tables if table.header]
    metadata = {"hidden_sheets": ", ".join(hidden)} if hidden else {}
    return parts_of(tables, name, settings, metadata) if tables else []


def _table(sheet: Any) -> Table:
    """Return a sheet without its empty rows and the empty cells at their ends."""
    rows = []
    for values in sheet.iter_rows(values_only=True):
        cells = [text_of_cell(value) for value in values]
        while cells and not cells[-1]:
            cells.pop()
        if cells:
            rows.append(cells)
    return Table(rows[0], rows[1:], sheet.title) if rows else Table([], [], sheet.title)


def text_of_cell(value: Any) -> str:
    """Return what a cell shows as plain text: dates in ISO 8601, whole numbers without a point."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return readable(str(value))
