"""A row leaves its table and every other byte or value stays; where that cannot be, the table stays as it is."""

import io
import json

import pytest

from retune.core.cutting import NotEditableError, cut
from retune.core.ingest import Draft
from tests.core.formats import samples
from tests.core.formats.samples import read, settings

ROWS = [["no", "subject", "body", "opened"], ["1", "Printer", "It is empty.", ""], ["2", "Badge", "It is broken.", ""],
        ["3", "Door", "It is open.", ""]]  # fmt: skip
CSV = (
    '\ufeffno;subject;body;opened\r\n1;Printer;"It is\r\nempty, ""again""";\r\n\r\n'
    "2;Badge;It is broken.;\r\n3;Door;Zu.;\r\n"
)


def ids(data: bytes, name: str) -> list[str]:
    return [part.explicit_id for part in read(data, name).parts if isinstance(part, Draft)]


def test_a_row_leaves_a_csv_and_every_other_byte_stays() -> None:
    after = cut(CSV.encode(), "tickets/a.csv", {"row=2"}, settings())
    assert after.decode() == CSV.replace("2;Badge;It is broken.;\r\n", "")
    after = cut(CSV.encode(), "tickets/a.csv", {"row=1", "row=3"}, settings())
    assert after.decode() == "\ufeffno;subject;body;opened\r\n\r\n2;Badge;It is broken.;\r\n"


@pytest.mark.parametrize("encoding", ["utf-16", "cp1252"])
def test_a_table_in_another_encoding_keeps_it(encoding: str) -> None:
    text = (
        "no,subject,body,opened\n1,Tür,Die Tür zum Büro schließt nicht.,\n2,Küche,Der Kühlschrank läuft über Nacht.,\n"
    )
    after = cut(text.encode(encoding), "tickets/a.csv", {"row=1"}, settings())
    assert after.decode(encoding) == text.replace("1,Tür,Die Tür zum Büro schließt nicht.,\n", "")


def test_a_line_leaves_json_lines_and_a_broken_one_stays() -> None:
    lines = [json.dumps(dict(zip(ROWS[0], row, strict=True))) for row in ROWS[1:]]
    data = "\n".join([lines[0], "{broken", lines[1], "", lines[2]]) + "\n"
    after = cut(data.encode(), "tickets/a.jsonl", {"row=2"}, settings())
    assert after.decode() == "\n".join([lines[0], "{broken", "", lines[2]]) + "\n"


def test_an_object_leaves_a_json_array() -> None:
    data = json.dumps([dict(zip(ROWS[0], row, strict=True)) for row in ROWS[1:]], indent=4)
    assert ids(cut(data.encode(), "tickets/a.json", {"row=1", "row=3"}, settings()), "tickets/a.json") == ["tickets:2"]


def test_a_row_leaves_a_workbook() -> None:
    book = samples.xlsx([ROWS[0], [], *ROWS[1:]], hidden=[["secret"]])
    after = cut(book, "tickets/a.xlsx", {"row=2"}, settings())
    assert ids(after, "tickets/a.xlsx") == ["tickets:1", "tickets:3"]
    assert read(after, "tickets/a.xlsx").parts[0].part == "row=1"


def test_a_workbook_whose_formulas_would_lose_their_values_is_left_alone() -> None:
    from openpyxl import load_workbook

    book = load_workbook(io.BytesIO(samples.xlsx(ROWS)))
    book.active["E1"], book.active["E3"] = "sum", "=A2+1"
    buffer = io.BytesIO()
    book.save(buffer)
    with_value = _with_cached_value(buffer.getvalue())
    with pytest.raises(NotEditableError, match="formulas"):
        cut(with_value, "tickets/a.xlsx", {"row=1"}, settings())


def _with_cached_value(book: bytes) -> bytes:
    """Return a workbook whose formula has the value that Excel computed."""
    import zipfile

    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book)) as old, zipfile.ZipFile(buffer, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "xl/worksheets/sheet1.xml":
                content = content.replace(b"<f>A2+1</f><v />", b"<f>A2+1</f><v>2</v>").replace(
                    b"<f>A2+1</f><v></v>", b"<f>A2+1</f><v>2</v>"
                )
                assert b"<v>2</v>" in content
            new.writestr(name, content)
    return buffer.getvalue()


def test_of_a_table_without_its_last_row_nothing_is_left() -> None:
    assert cut(b"no,subject,body,opened\n1,a,b,\n", "tickets/a.csv", {"row=1"}, settings()) == b""


@pytest.mark.parametrize("name", ["pages/a.csv", "tickets/a.md"])
def test_what_is_no_table_by_rows_is_left_alone(name: str) -> None:
    with pytest.raises(NotEditableError):
        cut(CSV.encode(), name, {"row=1"}, settings())
