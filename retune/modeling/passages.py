"""Questions with their passages as a reader reads them: windows, and where in each the answer stands that is learnt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from retune.modeling import windows
from retune.modeling.reader import NOWHERE
from retune.modeling.windows import Tensors, Window
from retune.modeling.words import Span, pieces, trimmed, words

Edges = np.ndarray[Any, np.dtype[np.bool_]]  # [passage tokens, 2]: whether a word begins, and ends, with a token
SPARE = 2  # a question that was cut may have more pieces than it had


@dataclass(frozen=True)
class Item:
    """A window, and the tokens among its ids where the answer begins and ends; NOWHERE where it has none whole."""

    window: Window
    edges: Edges
    begin: int = NOWHERE
    end: int = NOWHERE

    def __len__(self) -> int:
        return len(self.window)

    @property
    def places(self) -> list[int]:
        """Return the places among its ids that can be answered: NOWHERE, then the passage's."""
        return [NOWHERE, *range(self.window.first, self.window.first + len(self.window.offsets))]

    def characters(self, context: str, begin: int, end: int) -> Span:
        """Return the characters of the passage from one of its tokens here to another, without white space around."""
        return trimmed(context, self.window.offsets[begin][0], self.window.offsets[end][1])


@dataclass(frozen=True)
class Passages:
    """How questions and passages are read: by which tokenizer, and in which windows."""

    tokenizer: Any
    max_length: int
    overlap: int

    def read(self, questions: Sequence[str], contexts: Sequence[str]) -> list[Item]:
        """Return all windows, those of a row one after another."""
        asked = [self.cut(question) for question in questions]
        split = {context: words(context) for context in set(contexts)}  # many questions are asked of one passage
        return [
            Item(window, edges_of(window.offsets, contexts[window.row], split[contexts[window.row]]))
            for window in windows.cut(self.tokenizer, contexts, self.max_length, self.overlap, asked)
        ]

    def cut(self, question: str) -> str:
        """Return a question in at most half of a window: the rest is the passage's."""
        limit = self.max_length // 2 - SPARE
        if len(question) <= limit:  # no token has less than a character
            return question
        encoded = self.tokenizer(question, add_special_tokens=False, return_offsets_mapping=True)
        offsets = encoded["offset_mapping"]
        return question if len(offsets) <= limit else question[: offsets[limit - 1][1]]

    def collate(self, items: Sequence[Item]) -> Tensors:
        """Return ids, mask, segments, allowed tokens [windows, tokens] and labels [windows, 2]."""
        batch = windows.pad([item.window for item in items], self.tokenizer.pad_token_id)
        allowed = torch.zeros(batch["input_ids"].shape, dtype=torch.bool)
        for row, item in enumerate(items):
            allowed[row, item.places] = True
        labels = torch.tensor([[item.begin, item.end] for item in items])
        return {**batch, "allowed": allowed, "labels": labels}


def edges_of(offsets: Sequence[Span], context: str, found: Sequence[Span]) -> Edges:
    """Return whether a word of the passage begins, and ends, with each token: an answer cuts none in two."""
    begins, ends = {start for start, _ in found}, {end for _, end in found}
    covered = [trimmed(context, *span) for span in offsets]
    return np.array([[start in begins, end in ends] for start, end in covered], dtype=bool).reshape(-1, 2)


def learnt(items: Sequence[Item], spans: Sequence[Span | None]) -> list[Item]:
    """Return windows with the characters of each row's answer as what is learnt from those that have it whole."""
    return [located(item, span) if (span := spans[item.window.row]) else item for item in items]


def located(item: Item, span: Span) -> Item:
    """Return a window with an answer; as it was where it has not the whole of it."""
    offsets = item.window.offsets
    if not offsets or offsets[0][0] > span[0] or offsets[-1][1] < span[1]:
        return item
    tokens = pieces([span], offsets)[0]
    if not tokens:
        return item
    return replace(item, begin=item.window.first + tokens[0], end=item.window.first + tokens[-1])
