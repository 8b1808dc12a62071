"""Examples from rows of a prompt and what is to be written: completions, outputs, summaries, translations."""

from __future__ import annotations

from typing import Annotated

import pandas as pd
from pydantic import Field

from retune.core.builders import _rows
from retune.core.params.base import Settings


class Options(Settings):
    """Where prompt and completion stand."""

    tables: Annotated[list[str], Field(min_length=1)]
    """Names of tables as `corpus.ingest.parsing.tables` gives them."""

    prompt_column: str
    """The column with the prompt, the instruction, or the text to summarise or translate."""

    context_column: str
    """The column with what an instruction is about, such as `input`; empty: there is none."""

    completion_column: str
    """The column with what is to be written."""


def build(documents: pd.DataFrame, options: Options) -> pd.DataFrame:
    """Return document_id, text, context and label of each row of the tables; an empty cell is an empty label."""
    about = [options.context_column] if options.context_column else []
    columns = dict.fromkeys([options.prompt_column, *about, options.completion_column])
    rows = _rows.of_tables(documents, options.tables, list(columns))
    examples = rows[["document_id"]].assign(text=rows[options.prompt_column], label=rows[options.completion_column])
    return examples.assign(context=rows[options.context_column] if about else "")
