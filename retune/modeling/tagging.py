"""Texts as a tagger reads them: windows of tokens, with the words that each answers for and the pieces of these."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import torch

from retune.modeling import windows
from retune.modeling.windows import Floats, Tensors, Window
from retune.modeling.words import Span, pieces, words

Codes = np.ndarray[Any, np.dtype[np.int64]]
Numbers = TypeVar("Numbers", Floats, Codes)
ALL = "all"


@dataclass(frozen=True)
class Item:
    """A window with the words that it answers for: of each the places of its pieces, and its tag."""

    window: Window
    pieces: list[list[int]]
    codes: Codes

    def __len__(self) -> int:
        return len(self.window)


@dataclass(frozen=True)
class Reading:
    """Texts in windows, and of each text the characters of the words that have a piece."""

    items: list[Item]
    words: list[list[Span]]

    def by_row(self, answers: Sequence[Numbers]) -> list[Numbers]:
        """Return what was answered to the items, [words, ...] for each text."""
        places = windows.by_row([item.window for item in self.items], len(self.words))
        return [np.concatenate([answers[place] for place in of]) for of in places]

    def codes(self) -> list[Codes]:
        """Return the tags of the words of each text."""
        return self.by_row([item.codes for item in self.items])


@dataclass(frozen=True)
class Reader:
    """How texts are read: by which tokenizer, in which windows, and which pieces of a word."""

    tokenizer: Any
    max_length: int
    overlap: int
    pieces: str

    def read(self, texts: Sequence[str]) -> Reading:
        """Return texts as items without tags."""
        found = windows.cut(self.tokenizer, texts, self.max_length, self.overlap)
        items: list[Item] = []
        spans: list[list[Span]] = []
        for text, places in zip(texts, windows.by_row(found, len(texts)), strict=True):
            known, own = self._split(text, [found[place] for place in places])
            items += own
            spans.append(known)
        return Reading(items, spans)

    def _split(self, text: str, own: Sequence[Window]) -> tuple[list[Span], list[Item]]:
        """Return the words of one text that have a piece, and its windows, each with the words that begin in it."""
        found = words(text)
        tokens = pieces(found, windows.offsets_of(own))
        held = [place for place, of in enumerate(tokens) if of]
        items = []
        for window in own:
            last = window.start + len(window.offsets)
            begun = [tokens[place] for place in held if window.owned[0] <= tokens[place][0] < window.owned[1]]
            chosen = [of if self.pieces == ALL else of[:1] for of in begun]
            shift = window.first - window.start
            local = [[token + shift for token in of if token < last] for of in chosen]
            items.append(Item(window, local, np.zeros(len(local), dtype=np.int64)))
        return [found[place] for place in held], items

    def collate(self, items: Sequence[Item]) -> Tensors:
        """Return ids and mask [windows, tokens], each word's shares [windows, words, tokens], and labels."""
        batch = windows.pad([item.window for item in items], self.tokenizer.pad_token_id)
        longest = max(len(item.pieces) for item in items)
        shares = np.zeros((len(items), longest, batch["input_ids"].shape[1]), dtype=np.float32)
        labels = np.full((len(items), longest), -100, dtype=np.int64)
        for row, item in enumerate(items):
            labels[row, : len(item.codes)] = item.codes
            for word, places in enumerate(item.pieces):
                shares[row, word, places] = 1 / len(places)
        return {**batch, "words": torch.from_numpy(shares), "labels": torch.from_numpy(labels)}


def sample(items: Sequence[Item], words: int, seed: int) -> list[Item]:
    """Return items with so many words, drawn by the seed: first one that has each tag, then any."""
    order = [items[place] for place in np.random.default_rng(seed).permutation(len(items))]
    first: dict[int, Item] = {}
    for item in order:
        for code in np.unique(item.codes[item.codes >= 0]).tolist():
            first.setdefault(code, item)
    chosen = list({id(item): item for item in [*first.values(), *order]}.values())
    ends = np.cumsum([len(item.pieces) for item in chosen])
    return chosen[: max(int(np.searchsorted(ends, words)) + 1, len(first))]
