"""A person's table is read as people save it; each row is taken, or refused with its reason."""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd
import pytest

from retune.core.answers import Answer, Known, Refusal, Row, judged, merged, parse, refusals
from retune.core.collected import COLLECTED, REFUSED
from retune.core.errors import UserError

TODAY = date(2026, 3, 10)
FIRST, SECOND = "20260310-00000000000000000001", "20260310-00000000000000000002"
ASKED = {FIRST: ("the badge fails", ""), SECOND: ("toner is empty", "")}
KNOWN = Known(ASKED, {"access", "billing"}, TODAY, "the log does not have it")
NONE = pd.DataFrame(columns=list(COLLECTED), dtype="str")


@pytest.mark.parametrize(
    "content",
    [
        b"request_id,label\nr1,access\n",
        b"\xef\xbb\xbfrequest_id;label\r\nr1;access\r\n",
        "request_id\tlabel\nr1\taccess\n".encode("utf-16"),
        b'"Request ID","note","LABEL"\n\n"r1","a, b","access"\n,,\n',
        b" label | request-id \n access | r1 \n",
    ],
    ids=["plain", "BOM and semicolons", "UTF-16 and tabs", "quotes, blank rows, another column", "bars and spaces"],
)
def test_a_table_is_read_as_people_save_it(content: bytes) -> None:
    rows = parse(content)
    assert [(row.request_id, row.text, row.label, row.date) for row in rows] == [("r1", "", "access", "")]


def test_rows_are_counted_as_a_spreadsheet_counts_them() -> None:
    rows = parse(b'text,label\n\n"two\nlines",access\nthree,billing,and more\nfour\n')
    assert [(row.number, row.text, row.label, row.too_long) for row in rows] == [
        (3, "two\nlines", "access", False),
        (4, "three", "billing", True),
        (5, "four", "", False),
    ]


def test_a_text_in_an_old_encoding_keeps_its_letters() -> None:
    text = "Der Schlüssel für die Tür am Fährhafen öffnet nicht mehr, bitte prüfen"
    rows = parse(f"text;label\n{text};access\n".encode("cp1252"))
    assert rows[0].text == text


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "an empty file"),
        (b"Erika Mustermann,access\nr2,access\n", "none is label; none is request_id or text"),
        (b"request_id\nr1\n", "none is label"),
        (b"text,label,Label\nx,a,b\n", "label twice"),
        (b'text,label\n"it never ends,access\n', "a cell that does not end"),
        (bytes(range(128, 256)) * 20 + b"\x00\x01\x02" * 40, "cannot be read"),
    ],
    ids=["empty", "no header", "no label", "twice", "open quotes", "no text"],
)
def test_what_is_no_table_of_answers_is_said_without_repeating_it(content: bytes, said: str) -> None:
    with pytest.raises(UserError, match=said) as refused:
        parse(content)
    assert "Erika" not in str(refused.value)


def judge(*rows: Row, standing: pd.DataFrame = NONE, **changes: Any) -> list[Answer | Refusal]:
    known = Known(**{**vars(KNOWN), **changes})
    return [result for _, result in judged([(row, row) for row in rows], known, standing)]


def row(number: int = 2, **cells: Any) -> Row:
    return Row(number, **{"request_id": "", "text": "", "label": "access", "date": "", **cells})


def test_an_answer_takes_the_text_that_was_asked() -> None:
    assert judge(row(request_id=FIRST, text="not this")) == [Answer(FIRST, "the badge fails", "access", "2026-03-10")]


def test_an_answer_without_a_request_is_known_by_its_words() -> None:
    one, two = judge(row(text="My card is lost"), row(3, text="my CARD is, lost", label="access"))
    assert isinstance(two, Answer)
    assert two.answer_id.startswith("text-")
    assert one == Refusal("superseded", "row 3 answers the same later")


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"request_id": FIRST, "label": ""}, "missing_label"),
        ({"request_id": FIRST, "label": "Billings"}, "unknown_label"),
        ({"request_id": "r-77"}, "unknown_request"),
        ({"request_id": "r-77", "text": "with a text"}, "unknown_request"),
        ({"text": " ... "}, "nothing_asked"),
        ({}, "nothing_asked"),
        ({"request_id": FIRST, "date": "10.03.2026"}, "wrong_date"),
        ({"request_id": FIRST, "date": "2026-03-11"}, "wrong_date"),
        ({"request_id": FIRST, "too_long": True}, "too_many_cells"),
    ],
)
def test_a_row_that_cannot_be_taken_says_why(cells: dict[str, Any], reason: str) -> None:
    (result,) = judge(row(**cells))
    assert isinstance(result, Refusal)
    assert result.reason == reason
    assert result.detail


def test_a_label_that_is_nearly_known_is_named() -> None:
    (result,) = judge(row(request_id=FIRST, label="Biling"))
    assert isinstance(result, Refusal)
    assert result.detail.endswith("did you mean billing?")


def test_a_row_that_could_not_be_redacted_is_refused() -> None:
    ((_, result),) = judged([(row(text="x y"), None)], KNOWN, NONE)
    assert isinstance(result, Refusal)
    assert result.reason == "not_redactable"


def test_the_latest_answer_counts_by_its_date_and_then_by_its_place() -> None:
    by_place = judge(row(2, request_id=FIRST), row(3, request_id=FIRST, label="billing"))
    assert [type(result) for result in by_place] == [Refusal, Answer]
    by_date = judge(row(2, request_id=FIRST, date="2026-03-09"), row(3, request_id=FIRST, date="2026-03-01"))
    assert [type(result) for result in by_date] == [Answer, Refusal]


def test_an_older_answer_does_not_replace_a_newer_one_of_another_day() -> None:
    standing = merged(NONE, [Answer(FIRST, "the badge fails", "billing", "2026-03-05")])
    (older,) = judge(row(request_id=FIRST, date="2026-03-01"), standing=standing)
    assert older == Refusal("superseded", "there is an answer of 2026-03-05")
    (newer,) = judge(row(request_id=FIRST, date="2026-03-06"), standing=standing)
    assert isinstance(newer, Answer)


def test_an_answer_stands_after_its_request_has_left_the_log() -> None:
    standing = merged(NONE, [Answer(FIRST, "the badge fails", "billing", "2026-03-05")])
    (again,) = judge(row(request_id=FIRST), standing=standing, asked={})
    assert again == Answer(FIRST, "the badge fails", "access", "2026-03-10")


def test_the_same_answers_again_change_nothing_not_even_their_date() -> None:
    first = merged(NONE, [Answer(FIRST, "the badge fails", "access", "2026-03-05")])
    again = merged(first, [Answer(FIRST, "the badge fails", "access", "2026-03-10")])
    pd.testing.assert_frame_equal(first, again)
    other = merged(first, [Answer(FIRST, "the badge fails", "billing", "2026-03-10")])
    assert other.to_dict("records") == [
        {"answer_id": FIRST, "text": "the badge fails", "context": "", "label": "billing", "date": "2026-03-10"}
    ]


def test_refused_rows_are_kept_until_the_same_row_is_taken() -> None:
    none = pd.DataFrame(columns=list(REFUSED), dtype="str")
    rows: list[tuple[Row, Row | None]] = [(item, item) for item in (row(text="a b", label="vip"), row(3, label="vip"))]
    first = refusals(rows, judged(rows, KNOWN, NONE), none)
    assert sorted(first["reason"]) == ["unknown_label", "unknown_label"]
    other: list[tuple[Row, Row | None]] = [(row(text="c d", label="vip"), row(text="c d", label="vip"))]
    second = refusals(other, judged(other, KNOWN, NONE), first)
    assert len(second) == 3
    known = Known(ASKED, {"access", "billing", "vip"}, TODAY, "")
    third = refusals(rows, judged(rows, known, NONE), second)
    assert sorted(third["reason"]) == ["nothing_asked", "unknown_label"]


def test_an_answer_that_is_no_label_is_held_against_what_it_answers() -> None:
    passage = "The gate opens at six."
    fault = lambda label, _text, context: "" if label in context else "it does not stand in the context"  # noqa: E731
    known = Known({FIRST: ("When?", passage)}, None, TODAY, "", fault, wants_context=True)
    given = [row(request_id=FIRST, label="six"), row(3, request_id=FIRST, label="nine"),
             row(4, text="Who?", label="six"), Row(5, "", "Where?", "gate", "", context="At the gate.")]  # fmt: skip
    taken, wrong, bare, other = (result for _, result in judged([(one, one) for one in given], known, NONE))
    assert taken == Answer(FIRST, "When?", "six", "2026-03-10", passage)
    assert wrong == Refusal("malformed_label", "it does not stand in the context")
    assert isinstance(bare, Refusal)
    assert bare.reason == "missing_context"
    assert isinstance(other, Answer)
    assert (other.context, other.answer_id[:5]) == ("At the gate.", "text-")


def test_the_words_of_an_answer_that_is_no_label_lose_their_personal_data_too() -> None:
    known = Known({}, None, TODAY, "")
    raw, clean = (Row(2, "", "Who?", label, "") for label in ("ann@example.org", "[EMAIL_1]"))
    ((_, result),) = judged([(raw, clean)], known, NONE)
    assert isinstance(result, Answer)
    assert result.label == "[EMAIL_1]"
