"""Examples from questions about a passage, with the answers and where they stand in it, as SQuAD has them."""

from __future__ import annotations

import json
from typing import Annotated, Any

import pandas as pd
from pydantic import Field

from retune.core.builders import _places, _rows
from retune.core.params.base import Settings
from retune.core.targets import answers as target


class Options(Settings):
    """Where question, passage and answers stand."""

    tables: Annotated[list[str], Field(min_length=1)]
    """Names of tables as `corpus.ingest.parsing.tables` gives them."""

    question_column: str
    """The column with the question."""

    context_column: str
    """The column with the passage in which the answer stands."""

    answers_column: str
    """The column with a list of `text` and `start` (or `answer_start`) in characters of the passage; [] for none."""


def build(documents: pd.DataFrame, options: Options) -> pd.DataFrame:
    """Return document_id, text, context, label and fault of each question; answers are found again after redaction."""
    columns = [options.question_column, options.context_column, options.answers_column]
    rows = _rows.of_tables(documents, options.tables, list(dict.fromkeys(columns)))
    return _rows.examples(
        rows,
        lambda row: _example(*(row[name] for name in columns)),
        text=options.question_column,
        label=options.answers_column,
    )


def _example(question: str, context: str, cell: str) -> dict[str, str]:
    """Return the cells of an example; raises ValueError where an answer is not in the passage."""
    found = [target.Answer(text, _places.find_again(context, text, start)) for text, start in map(_told, _listed(cell))]
    return {"text": question.strip(), "context": context, "label": target.dump(dict.fromkeys(found))}


def _listed(cell: str) -> list[Any]:
    """Return the answers of a cell; lists of texts and of starts, as some libraries write them, become one."""
    try:
        value = json.loads(cell)
    except (ValueError, RecursionError) as error:
        raise ValueError("the answers are not JSON") from error
    if isinstance(value, dict) and isinstance(value.get("text"), list):
        starts = value.get("answer_start", value.get("start"))
        if not isinstance(starts, list) or len(starts) != len(value["text"]):
            raise ValueError("the answers have not as many starts as texts")
        return [{"text": text, "start": start} for text, start in zip(value["text"], starts, strict=True)]
    if not isinstance(value, list):
        raise ValueError("the answers are not a list")
    return value


def _told(answer: Any) -> tuple[str, int]:
    """Return text and start of an answer; raises ValueError where it has not both."""
    known = answer if isinstance(answer, dict) else {}
    text, start = known.get("text"), known.get("start", known.get("answer_start"))
    if not isinstance(text, str) or not text.strip() or type(start) is not int:
        raise ValueError("an answer has no text or no start")
    return text, start
