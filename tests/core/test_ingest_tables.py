import json

import pytest

from retune.core.ingest import Draft, Refusal
from tests.core.formats.samples import document, read, xlsx

ROWS = [
    ["no", "subject", "body", "opened", "queue"],
    ["7", "Printer", "It does not print.", "2026-02-03", "it"],
    ["", "Lost", "A row without an id.", "2026-02-04", "it"],
    ["8", "Badge", "My badge is broken.", "soon", "security"],
]


def as_csv(separator: str = ",") -> bytes:
    return "\n".join(separator.join(row) for row in ROWS).encode()


def as_jsonl() -> bytes:
    return "\n".join(json.dumps(dict(zip(ROWS[0], row, strict=True))) for row in ROWS[1:]).encode()


def jsonl(rows: list[dict[str, str]]) -> bytes:
    return "\n".join(map(json.dumps, rows)).encode()


def as_json() -> bytes:
    return json.dumps([dict(zip(ROWS[0], row, strict=True)) for row in ROWS[1:]]).encode()


@pytest.mark.case("IN-1")
@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("tickets/a.csv", as_csv()),
        ("tickets/b/a.csv", as_csv(";")),
        ("tickets/a.tsv", as_csv("\t")),
        ("tickets/a.jsonl", as_jsonl()),
        ("tickets/a.json", as_json()),
        ("tickets/a.xlsx", xlsx(ROWS)),
    ],
)
def test_each_row_is_a_document_or_a_line_in_quarantine(name: str, data: bytes) -> None:
    first, missing, last = read(data, name).parts
    assert isinstance(first, Draft)
    assert isinstance(last, Draft)
    assert (first.explicit_id, first.kind, first.part) == ("tickets:7", "row", "row=1")
    assert (first.title, first.text, first.created) == ("Printer", "Printer\n\nIt does not print.", "2026-02-03")
    assert first.metadata == dict(zip(ROWS[0], ROWS[1], strict=True))
    assert missing == Refusal("row=2", "corrupt", "the row has no no")
    assert (last.explicit_id, last.created, last.part) == ("tickets:8", "", "row=3")


def test_rows_without_ids_are_known_by_what_they_hold() -> None:
    nameless = {"name": "tickets", "match": "tickets/*", "id": "", "text": ["body"], "title": "", "date": ""}
    rows = [{"subject": text, "body": "b"} for text in ("one", "two", "one")]
    read_rows = [read(jsonl(some), "tickets/a.jsonl", tables=[nameless]).parts for some in (rows, rows[1:])]
    ids = [[part.explicit_id for part in parts if isinstance(part, Draft)] for parts in read_rows]
    assert len(set(ids[0])) == len(rows), "equal rows are told apart"
    assert ids[1] == [ids[0][1], ids[0][0]], "a row keeps its id whatever stands before it"
    book = read(xlsx([["subject", "body"], ["one", "b"]]), "tickets/a.xlsx", tables=[nameless])
    assert [part.explicit_id for part in book.parts if isinstance(part, Draft)] == [ids[0][0]]


def test_a_table_that_no_rule_names_is_one_document() -> None:
    assert document(as_csv(), "lists/a.csv").text.startswith("no | subject | body | opened | queue\n7 | Printer |")


def test_a_table_without_the_columns_of_its_rule_is_refused_with_what_it_has() -> None:
    parsed = read("name,body\nx,y", "tickets/a.csv")
    assert (parsed.reason, parsed.detail) == ("corrupt", "the table tickets has no column no but name, body")
    assert read("no,subject\n1,y", "tickets/a.csv").detail == "the table tickets has no column body, opened"


def test_a_broken_line_costs_only_itself() -> None:
    parsed = read(as_jsonl() + b"\n{broken\n", "tickets/a.jsonl")
    assert [part.part for part in parsed.parts] == ["line=4", "row=1", "row=2", "row=3"]


def test_no_cell_is_lost_where_a_row_is_longer_or_a_name_is_used_twice() -> None:
    (draft,) = read("no,subject,body,opened,body\n1,a,b,,c,d\n", "tickets/a.csv").parts
    assert isinstance(draft, Draft)
    assert draft.metadata == {"no": "1", "subject": "a", "body": "b", "opened": "", "body_5": "c", "column_6": "d"}


def test_rows_of_several_sheets_are_numbered_through_and_other_sheets_are_named() -> None:
    from io import BytesIO

    from openpyxl import load_workbook

    buffer = BytesIO()
    book = load_workbook(BytesIO(xlsx(ROWS)))
    for title, rows in {"More": [ROWS[0], ["9", "Door", "It is shut.", "", ""]], "Notes": [["by hand"]]}.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    book.save(buffer)
    parts = read(buffer.getvalue(), "tickets/a.xlsx").parts
    assert [part.part for part in parts] == ["sheet=Notes", "row=1", "row=2", "row=3", "row=4"]
