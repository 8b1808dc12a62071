"""Excel workbooks: the first sheet, as the values that were computed."""

from __future__ import annotations

import io
import zipfile

from retune.core.formats.xlsx import text_of_cell
from retune.core.ingest import UnreadableError
from retune.core.ingest_zip import check_office_file
from retune.core.prepare import reading

MAX_UNPACKED_MB = 500
BROKEN = (KeyError, TypeError, AttributeError, IndexError, zipfile.BadZipFile, EOFError, OSError)
"""What openpyxl raises on a workbook that is cut off or that is none."""


def read(data: bytes) -> reading.Read:
    """Return the rows of the first sheet, with a warning where there are more sheets."""
    from openpyxl import load_workbook

    try:
        check_office_file(data, MAX_UNPACKED_MB)
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        names, sheet = book.sheetnames, book.worksheets[0]
        shown = ([text_of_cell(one) for one in values] for values in sheet.iter_rows(values_only=True))
        rows = [cells for cells in shown if any(cells)]
    except UnreadableError as error:
        raise ValueError(error.detail) from error
    except BROKEN as error:
        raise ValueError("the workbook is damaged") from error
    others = f"only the first sheet, {names[0]}, is read: there are {len(names) - 1} more"
    warnings = (others,) if len(names) > 1 else ()
    return reading.Read(reading.keyed(_cut(rows)), ("read as XLSX, to be written as JSONL",), warnings)


def _cut(rows: list[list[str]]) -> list[list[str]]:
    """Return rows without the empty cells at their ends, which formatted columns leave."""
    cut = []
    for row in rows:
        last = max(index for index, cell in enumerate(row) if cell)
        cut.append(row[: last + 1])
    return cut
