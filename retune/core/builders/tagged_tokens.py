"""Examples from lists of tokens and of their IOB2 tags: the tokens with a space between them are the text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import pandas as pd
from pydantic import Field

from retune.core.builders import _rows
from retune.core.params.base import Settings
from retune.core.targets import entities as target


class Options(Settings):
    """Where tokens and tags stand."""

    tables: Annotated[list[str], Field(min_length=1)]
    """Names of tables as `corpus.ingest.parsing.tables` gives them."""

    tokens_column: str
    """The column with the list of tokens."""

    tags_column: str
    """The column with the list of tags: B-PER where a person begins, I-PER where it goes on, O elsewhere."""


def build(documents: pd.DataFrame, options: Options) -> pd.DataFrame:
    """Return document_id, text, label and fault of each row."""
    columns = [options.tokens_column, options.tags_column]
    rows = _rows.of_tables(documents, options.tables, list(dict.fromkeys(columns)))
    return _rows.examples(
        rows,
        lambda row: _example(*(row[name] for name in columns)),
        text=options.tokens_column,
        label=options.tags_column,
    )


def _example(tokens_cell: str, tags_cell: str) -> dict[str, str]:
    """Return the cells of an example; raises ValueError where tokens and tags do not fit each other."""
    tokens, tags = _rows.values(tokens_cell, "tokens"), _rows.values(tags_cell, "tags")
    if not all(isinstance(token, str) and token.strip() for token in tokens):
        raise ValueError("a token is no text")
    if len(tokens) != len(tags):
        raise ValueError(f"{len(tokens)} tokens and {len(tags)} tags: redaction may have joined some tokens")
    return {"text": " ".join(tokens), "label": target.dump(_entities(tokens, tags))}


def _entities(tokens: list[str], tags: list[str]) -> Iterator[target.Entity]:
    """Yield the entities of IOB2 tags in characters of the joined tokens; raises ValueError for other tags."""
    begun: target.Entity | None = None
    start = 0
    for number, (token, tag) in enumerate(zip(tokens, tags, strict=True)):
        mark, _, kind = str(tag).partition("-")
        goes_on = mark == "I" and begun is not None and begun.type == kind
        if (mark, bool(kind)) not in (("O", False), ("B", True), ("I", True)) or (mark == "I" and not goes_on):
            raise ValueError(f"tag {number + 1} is no tag of IOB2, or goes on with what did not begin")
        if begun is not None and not goes_on:
            yield begun
            begun = None
        if mark != "O":
            begun = target.Entity(begun.start if begun is not None else start, start + len(token), kind)
        start += len(token) + 1
    if begun is not None:
        yield begun
