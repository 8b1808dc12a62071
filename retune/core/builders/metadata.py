"""Examples by metadata: the label is what the document says about itself, in front matter, a header or a column."""

from __future__ import annotations

from typing import Annotated, Literal

import pandas as pd
from pydantic import Field

from retune.core.examples import metadata_value
from retune.core.params.base import Settings


class Options(Settings):
    """Which of its metadata is a document's label."""

    key: str
    """A key of the metadata, or a column of the documents such as `department`."""

    kinds: Annotated[list[Literal["document", "row", "message", "transcript"]], Field(min_length=1)]
    """Only documents of these kinds count."""


def build(documents: pd.DataFrame, options: Options) -> pd.DataFrame:
    """Return document_id, text and label of each document that has the key; the others are of no use to it."""
    used = documents[documents["kind"].isin(options.kinds)]
    labels = metadata_value(used, options.key)
    return used[["document_id", "text"]].assign(label=labels)[labels != ""]
