import json
import random

import pytest

from retune.core.parts import load_all
from retune.core.prepare import formats
from retune.core.prepare.findings import UnfitFileError
from retune.core.prepare.reading import read_rows
from tests.core.prepare.toys import clean, completions, of, run

ROWS = [{"prompt": "a, b", "completion": 'c "d"'}, {"prompt": "e\nf", "completion": "é NA"}]
LINES = "".join(json.dumps(row) + "\n" for row in ROWS)
TABLE = 'prompt,completion\n"a, b","c ""d"""\n"e\nf",é NA\n'


@pytest.mark.case("PD-1")
@pytest.mark.parametrize(("name", "told"), [("x.pdf", "ends with .pdf"), ("x", "is missing a file extension"),
                                            (".csv", "is missing a file extension")])  # fmt: skip
def test_another_extension_is_an_error_that_names_those_that_can_be_read(name: str, told: str) -> None:
    with pytest.raises(UnfitFileError) as caught:
        read_rows(b"", name)
    assert ".CSV, .TSV, .XLSX, .TXT, .JSON, .JSONL" in str(caught.value)
    assert told in str(caught.value)


@pytest.mark.case("PD-3")
@pytest.mark.parametrize(
    ("name", "data", "where"),
    [
        ("x.jsonl", b'{"prompt": "a"}\n{"prompt": ', "line 2"),
        ("x.jsonl", b'{"a": 1}\n{"a": NaN}', "line 2"),
        ("x.jsonl", b'{"a": 1, "a": 2}', "twice"),
        ("x.jsonl", b'{"a": "\\ud800"}\n{"a": 2}', "surrogates"),
        ("x.jsonl", b"[" * 100_000, "nested"),
        ("x.json", b'[{"prompt": "a"},\n {"prompt": ', "line 2"),
        ("x.csv", b"prompt,completion\n\xff\xfe\xfa,b", "UTF-8"),
        ("x.csv", b'prompt,completion\n"a,b', "unexpected end"),
        ("x.csv", b"prompt,completion\na,b,c", "row 0 has 3 cells"),
        ("x.tsv", b"prompt\tprompt\na\tb", "twice"),
        ("x.txt", b"\xe9", "UTF-8"),
    ],
)
def test_what_is_not_what_its_extension_says_is_an_error_that_says_where(name: str, data: bytes, where: str) -> None:
    with pytest.raises(UnfitFileError, match=f"{name} is not valid {name[2:].upper()}.*{where}"):
        read_rows(data, name)


@pytest.mark.case("PD-4")
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("x.csv", TABLE),
        ("x.CSV", "\ufeff" + TABLE),
        ("x.csv", TABLE.replace('b",', 'b";').replace('f",', 'f";').replace("t,", "t;")),
        ("x.tsv", TABLE.replace('",', '"\t').replace("t,c", "t\tc")),
    ],
)
def test_tables_have_the_same_rows_as_json_lines_and_the_conversion_is_announced(name: str, text: str) -> None:
    read = read_rows(text.encode(), name)
    assert read.rows == read_rows(LINES.encode(), "x.jsonl").rows == ROWS
    assert f"read as {name[2:].upper()}" in read.notes[0]
    assert not read.is_jsonl


@pytest.mark.case("PD-6")
def test_each_line_of_a_text_is_a_completion_and_the_empty_last_one_is_removed() -> None:
    read = read_rows(b"one\r\ntwo\nthree\n", "x.txt")
    assert [row["completion"] for row in read.rows] == ["one", "two", "three", ""]
    assert {row["prompt"] for row in read.rows} == {""}
    done = run(read.rows, lambda *_: False)
    assert done.removed == {"empty_completion": (3,)}
    assert of(done, "empty_completion")[0].finding.level == "necessary"
    assert completions(done) == ["one", "two", "three"]


@pytest.mark.case("PD-7", "PD-B3")
@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("x.jsonl", json.dumps(ROWS), "it holds JSON"),
        ("x.jsonl", json.dumps(ROWS, indent=1), "it holds JSON"),
        ("x.json", LINES, "it holds JSONL"),
        ("x.json", json.dumps(ROWS), "read as JSON"),
    ],
)
def test_json_and_json_lines_are_told_apart_by_what_they_hold_and_always_rewritten(
    name: str, text: str, told: str
) -> None:
    read = read_rows(text.encode(), name)
    assert read.rows == ROWS
    assert told in read.notes[0]
    assert "written as JSONL" in read.notes[0]


@pytest.mark.case("PD-B4")
@pytest.mark.parametrize("name", ["x.jsonl", "x.json"])
def test_one_object_is_one_row(name: str) -> None:
    read = read_rows(json.dumps(ROWS[0]).encode(), name)
    assert read.rows == ROWS[:1]
    assert read.is_jsonl == (name == "x.jsonl")


@pytest.mark.parametrize("name", ["x.csv", "x.jsonl", "x.json", "x.txt", "x.tsv"])
def test_a_file_without_rows_is_an_error(name: str) -> None:
    with pytest.raises(UnfitFileError, match="holds no rows"):
        read_rows(b"[]" if name == "x.json" else b"", name)


def test_line_separators_inside_a_text_end_no_row() -> None:
    row = {"prompt": "a\u2028b\x85c", "completion": "d"}
    data = json.dumps(row, ensure_ascii=False).encode()
    assert read_rows(data + b"\n" + data, "x.jsonl").rows == [row, row]


@pytest.mark.parametrize("name", sorted(load_all(formats.__name__)))
def test_every_format_makes_rows_of_any_bytes_or_says_why_not(name: str) -> None:
    noise = random.Random(3).randbytes(2000)
    for data in (b"", noise, b"PK\x03\x04" + noise, b"\0" * 99, b'"' * 99, LINES.encode("utf-16"), b"[[1], 2]", b"7"):
        try:
            read = read_rows(data, f"x.{name}")
        except UnfitFileError:
            continue
        assert read.rows
        run(read.rows)


def test_every_format_has_rows_that_the_clean_ones_are() -> None:
    text = "".join(json.dumps(row) + "\n" for row in clean())
    assert read_rows(text.encode(), "x.jsonl").rows == clean()
