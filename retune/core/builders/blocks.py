"""Examples from raw documents: blocks of whole paragraphs, from which nothing but the text itself is learnt."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Literal

import pandas as pd
from pydantic import Field, PositiveInt

from retune.core.params.base import Settings

_PARAGRAPH = re.compile(r"(?:[^\n]|\n(?!\s*\n))+\n*\s*")
_WORD = re.compile(r"\S+\s*")


class Options(Settings):
    """What becomes a block."""

    kinds: Annotated[list[Literal["document", "row", "message", "transcript"]], Field(min_length=1)]
    """Only documents of these kinds count."""

    most_words: PositiveInt
    """A block has at most so many words; a longer paragraph is cut."""


def build(documents: pd.DataFrame, options: Options) -> pd.DataFrame:
    """Return document_id, text and an empty label of each block; of every document all its text, in its order."""
    used = documents[documents["kind"].isin(options.kinds)]
    rows = [
        (document, block)
        for document, text in zip(used["document_id"], used["text"], strict=True)
        for block in blocks(text, options.most_words)
    ]
    return pd.DataFrame(rows, columns=["document_id", "text"], dtype="str").assign(label="")


def blocks(text: str, most_words: int) -> Iterator[str]:
    """Yield a text in pieces of at most so many words, cut between paragraphs where that can be."""
    block: list[str] = []
    words = 0
    for piece in _pieces(text, most_words):
        size = len(piece.split())
        if block and words + size > most_words:
            yield "".join(block).strip()
            block, words = [], 0
        block.append(piece)
        words += size
    if words:
        yield "".join(block).strip()


def _pieces(text: str, most_words: int) -> Iterator[str]:
    """Yield the paragraphs of a text, those with too many words in pieces of as many as may be."""
    for match in _PARAGRAPH.finditer(text):
        words = _WORD.findall(match[0])
        for start in range(0, len(words), most_words):
            yield "".join(words[start : start + most_words])
