"""Examples from conversations: what was said before the assistant's last turn, and that turn."""

from __future__ import annotations

import json
from typing import Annotated, Any

import pandas as pd
from pydantic import Field

from retune.core.builders import _rows
from retune.core.params.base import Settings
from retune.core.prepare import chat
from retune.core.prepare.conversations import MESSAGES, conversation
from retune.core.prepare.findings import ERROR


class Options(Settings):
    """Where the messages stand."""

    tables: Annotated[list[str], Field(min_length=1)]
    """Names of tables as `corpus.ingest.parsing.tables` gives them."""

    messages_column: str
    """The column with the list of messages, each with `role` and `content`."""


def build(documents: pd.DataFrame, options: Options) -> pd.DataFrame:
    """Return document_id, text, label and fault of each conversation; what comes after the last answer is left out."""
    rows = _rows.of_tables(documents, options.tables, [options.messages_column])
    return _rows.examples(
        rows,
        lambda row: _example(row[options.messages_column]),
        text=options.messages_column,
        label=options.messages_column,
    )


def _example(cell: str) -> dict[str, str]:
    """Return the messages before the last answer, as JSON, and that answer; raises ValueError for no conversation."""
    messages = _rows.values(cell, "messages")
    one = conversation({MESSAGES: messages})
    wrong = [(name, part) for name, part in chat.checks().items() if part.LEVEL == ERROR and part.faults(one)]
    if wrong:
        raise ValueError("; ".join(f"{name}: {part.MEANING}" for name, part in wrong))
    last = max(place for place, message in enumerate(messages) if _is_answer(message, messages))
    content = messages[last].get("content")
    if not isinstance(content, str):
        raise ValueError("the last turn of the assistant is no text")
    return {"text": json.dumps(messages[:last], ensure_ascii=False), "label": content}


def _is_answer(message: dict[str, Any], messages: list[dict[str, Any]]) -> bool:
    """Tell whether a message is an answer to learn; one of weight 0 is so only where all are."""
    spoken = [one for one in messages if one["role"] == "assistant"]
    weighed = [one for one in spoken if one.get("weight") != 0] or spoken
    return any(message is one for one in weighed)
