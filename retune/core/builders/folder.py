"""Examples by folder: the label is the name of a folder on the document's path."""

from __future__ import annotations

from typing import Annotated, Literal

import pandas as pd
from pydantic import Field

from retune.core.params.base import Settings


class Options(Settings):
    """Which folders are labels."""

    below: str
    """Only documents below this folder count, for example `tickets/by-queue`; empty: all."""

    kinds: Annotated[list[Literal["document", "row", "message", "transcript"]], Field(min_length=1)]
    """Only documents of these kinds count."""


def build(documents: pd.DataFrame, options: Options) -> pd.DataFrame:
    """Return document_id, text and label of each document in a folder; the label is the first one below `below`."""
    start = f"{options.below.strip('/')}/" if options.below.strip("/") else ""
    below = documents["source_path"].str.startswith(start) & documents["kind"].isin(options.kinds)
    used = documents[below]
    parts = [path[len(start) :].partition("/") for path in used["source_path"]]
    rows = used[["document_id", "text"]].assign(label=[folder for folder, _, _ in parts])
    return rows[[slash == "/" for _, slash, _ in parts]]  # a file beside the folders has no label by this rule
