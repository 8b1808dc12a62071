"""Corrected answers of people: a table as they save it, held against what was asked, merged with the answers before."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from difflib import get_close_matches

import pandas as pd

from retune.core.collected import BY_TEXT, COLLECTED, REFUSED
from retune.core.decoding import cleaned, decode
from retune.core.errors import UserError
from retune.core.hashing import normalised, prompt_key, sha256_text
from retune.core.ingest import UnreadableError

CELLS = ("request_id", "text", "context", "label", "date")
SEPARATORS = ",;\t|"
MAX_CELL_CHARACTERS = 1_000_000
ID_LENGTH = 16
TODO = "Save the table as CSV with a header: request_id and label, or text and label; docs/traffic.md has an example."


@dataclass(frozen=True)
class Row:
    """One row of a person's table; `number` is as a spreadsheet counts, with the header as row 1."""

    number: int
    request_id: str
    text: str
    label: str
    date: str
    context: str = ""
    too_long: bool = False  # more cells than the header has


@dataclass(frozen=True)
class Answer:
    """One answer that may be learnt from."""

    answer_id: str
    text: str
    label: str
    date: str
    context: str = ""


@dataclass(frozen=True)
class Refusal:
    """Why a row is not taken."""

    reason: str
    detail: str


@dataclass(frozen=True)
class Known:
    """What rows are held against: what was asked by request id, the model's labels, the day, why none is found.

    `labels` is None where answers are no labels: then `fault` says what is wrong with one to a text and its context.
    """

    asked: Mapping[str, tuple[str, str]]  # text and context
    labels: Collection[str] | None
    today: date
    not_found: str
    fault: Callable[[str, str, str], str] = lambda _label, _text, _context: ""
    wants_context: bool = False


Judged = list[tuple[Row, Answer | Refusal]]


def parse(content: bytes) -> list[Row]:
    """Return the rows of a CSV file in any usual encoding and with any usual separator; blank ones do not count.

    Raises UserError where it is no table, or lacks the columns; no cell is repeated, since a header that is missing
    would be somebody's text.
    """
    rows = list(_cells(content))
    if not rows:
        raise UserError(expected="a table of answers", found="an empty file", todo=TODO)
    (_, header), *below = rows
    places = _places(header)
    return [_row(number, cells, places, len(header)) for number, cells in below]


def judged(rows: Sequence[tuple[Row, Row | None]], known: Known, standing: pd.DataFrame) -> Judged:
    """Return for each row the answer that it gives, or why it is refused.

    A row comes with itself without personal data, None where that could not be had. Of several answers to the same the
    latest counts: by its date, then by its place. `standing` are the answers before [COLLECTED].
    """
    before_asked = zip(standing["text"], standing["context"], strict=True)
    asked = {**dict(zip(standing["answer_id"], before_asked, strict=True)), **known.asked}
    first = [(raw, _judged(raw, clean, replace(known, asked=asked))) for raw, clean in rows]
    latest: dict[str, tuple[str, int]] = {}
    for row, answer in first:
        if isinstance(answer, Answer):
            latest[answer.answer_id] = max(latest.get(answer.answer_id, ("", 0)), (answer.date, row.number))
    before = _by_id(standing)
    return [(row, _latest(row, answer, latest, before)) for row, answer in first]


def merged(standing: pd.DataFrame, answers: Sequence[Answer]) -> pd.DataFrame:
    """Return the answers after: one per id, and one that says the same as before as it was, its date included."""
    rows = _by_id(standing)
    for answer in answers:
        before = rows.get(answer.answer_id)
        if before is None or before["label"] != answer.label:
            rows[answer.answer_id] = {name: getattr(answer, name) for name in COLLECTED}
    return pd.DataFrame([rows[name] for name in sorted(rows)], columns=list(COLLECTED), dtype="str")


def refusals(rows: Sequence[tuple[Row, Row | None]], results: Judged, before: pd.DataFrame) -> pd.DataFrame:
    """Return all rows that are refused so far [REFUSED]: those of this table as they are judged now."""
    cells = [{name: getattr(clean, name) if clean else "" for name in CELLS} for _, clean in rows]
    ids = [sha256_text("\x1f".join(row.values()))[:ID_LENGTH] for row in cells]
    new = [
        {"row_id": row_id, **row, **vars(result)}
        for row_id, row, (_, result) in zip(ids, cells, results, strict=True)
        if isinstance(result, Refusal)
    ]
    kept = before[~before["row_id"].isin(ids)]
    frame = pd.concat([kept, pd.DataFrame(new, columns=list(REFUSED), dtype="str")], ignore_index=True)
    return frame.sort_values(list(REFUSED), ignore_index=True)


def _by_id(answers: pd.DataFrame) -> dict[str, dict[str, str]]:
    """Return the rows of COLLECTED by their ids."""
    return {str(row["answer_id"]): {name: str(row[name]) for name in COLLECTED} for row in answers.to_dict("records")}


def _cells(content: bytes) -> Iterator[tuple[int, list[str]]]:
    """Yield the number and the cells of each row that is not blank."""
    try:
        text = decode(content).text
    except UnreadableError as error:
        raise UserError(expected="a CSV file", found=f"one that cannot be read ({error})", todo=TODO) from error
    csv.field_size_limit(MAX_CELL_CHARACTERS)
    separator = max(SEPARATORS, key=lambda mark: _width(text, mark))
    number = 0
    try:
        for number, cells in enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True), 1):
            if any(cell.strip() for cell in cells):
                yield number, [cell.strip() for cell in cells]
    except csv.Error as error:
        found = f"a cell that does not end, or is too long, after row {number}"
        raise UserError(expected="a CSV file", found=found, todo=TODO) from error


def _width(text: str, separator: str) -> int:
    """Return into how many cells a separator splits the first line."""
    return len(next(csv.reader(io.StringIO(text, newline=""), delimiter=separator), []))


def _places(header: Sequence[str]) -> dict[str, int]:
    """Return where each column stands; raises UserError where one is missing or there twice."""
    names = ["_".join(cell.casefold().replace("-", " ").replace("_", " ").split()) for cell in header]
    twice = [name for name in CELLS if names.count(name) > 1]
    missing = [] if "label" in names else ["label"]
    missing += [] if {"request_id", "text"} & set(names) else ["request_id or text"]
    if twice or missing:
        found = f"{len(header)} columns, " + "; ".join(
            [f"{name} twice" for name in twice] + [f"none is {name}" for name in missing]
        )
        raise UserError(expected="the columns request_id and label, or text and label", found=found, todo=TODO)
    return {name: names.index(name) for name in CELLS if name in names}


def _row(number: int, cells: Sequence[str], places: Mapping[str, int], width: int) -> Row:
    """Return one row; cells that are missing at its end are empty."""
    values = {name: cells[places[name]] if name in places and places[name] < len(cells) else "" for name in CELLS}
    return Row(number, **values, too_long=any(cells[width:]))


def _judged(raw: Row, clean: Row | None, known: Known) -> Answer | Refusal:
    """Return the answer that one row gives by itself."""
    if raw.too_long:
        return Refusal("too_many_cells", "it has more cells than the header: quote the text")
    if clean is None:
        return Refusal("not_redactable", "personal data in it cannot be told from the rest")
    if not raw.label:
        return Refusal("missing_label", "it has no label")
    if known.labels is not None and raw.label not in known.labels:
        near = get_close_matches(raw.label.casefold(), sorted(known.labels), n=1)
        return Refusal("unknown_label", "the model has no such label" + (f"; did you mean {near[0]}?" if near else ""))
    wrong = _wrong_date(raw.date, known.today)
    if wrong is not None:
        return wrong
    when = (date.fromisoformat(raw.date) if raw.date else known.today).isoformat()
    if raw.request_id and raw.request_id not in known.asked:
        return Refusal("unknown_request", known.not_found)
    if not raw.request_id and not normalised(clean.text):
        return Refusal("nothing_asked", "it has neither a request_id nor a text with words")
    text, context = known.asked[raw.request_id] if raw.request_id else (clean.text, clean.context)
    return _answered(raw, clean, (cleaned(text), cleaned(context)) if raw.request_id else (text, context), when, known)


def _answered(raw: Row, clean: Row, asked: tuple[str, str], when: str, known: Known) -> Answer | Refusal:
    """Return the answer to a text and its context, unless it cannot be learnt from them; no label holds personal data.

    A label of the model's own stays as it is.
    """
    text, context = asked
    if known.wants_context and not context.strip():
        return Refusal("missing_context", "it has no context, of which the question could be asked")
    label = raw.label if known.labels is not None else clean.label
    fault = known.fault(label, text, context)
    if fault:
        return Refusal("malformed_label", fault)
    name = raw.request_id or BY_TEXT + sha256_text(prompt_key(text, context))[:ID_LENGTH]
    return Answer(name, text, label, when, context)


def _wrong_date(text: str, today: date) -> Refusal | None:
    """Return why a date is none of an answer; an empty one is today."""
    try:
        when = date.fromisoformat(text) if text else today
    except ValueError:
        return Refusal("wrong_date", "its date is not written as 2026-01-31")
    return Refusal("wrong_date", "its date is in the future") if when > today else None


def _latest(
    row: Row, answer: Answer | Refusal, latest: Mapping[str, tuple[str, int]], before: Mapping[str, Mapping[str, str]]
) -> Answer | Refusal:
    """Return the answer where it is the latest to what it answers."""
    if isinstance(answer, Refusal):
        return answer
    winner = latest[answer.answer_id][1]
    if winner != row.number:
        return Refusal("superseded", f"row {winner} answers the same later")
    old = before.get(answer.answer_id)
    if old is not None and old["date"] > answer.date and old["label"] != answer.label:
        return Refusal("superseded", f"there is an answer of {old['date']}")
    return answer
