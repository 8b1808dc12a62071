"""Entities known by heart: a run of words that mostly named something in training names it again, the longest first."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from retune.core.targets import entities
from retune.core.targets.entities import Entity

if TYPE_CHECKING:
    import pandas as pd

NAME = "the longest match"
WORD = re.compile(r"\w+|[^\w\s]")

Surface = tuple[str, ...]


def answer(learnt: pd.DataFrame, asked: pd.DataFrame, _predictor: object) -> list[str]:
    """Return the entities of each row that is asked, by the runs of words that named something in training."""
    rows = [(text, entities.parse(label)) for text, label in zip(learnt["text"], learnt["label"], strict=True)]
    named: dict[Surface, Counter[str]] = defaultdict(Counter)
    for text, found in rows:
        for entity in found:
            named[tuple(WORD.findall(text[entity.start : entity.end]))][entity.type] += 1
    named.pop((), None)
    met = Counter(surface for text, _ in rows for surface, *_ in _runs(text, named))
    known = {
        surface: min(types, key=lambda name: (-types[name], name))
        for surface, types in named.items()
        if 2 * types.total() >= met[surface]
    }
    return [entities.dump(_matched(text, known)) for text in asked["text"]]


def _matched(text: str, known: Mapping[Surface, str]) -> list[Entity]:
    """Return the entities of one text, from left to right."""
    found: list[Entity] = []
    for surface, start, end in _runs(text, known):
        if not found or start >= found[-1].end:
            found.append(Entity(start, end, known[surface]))
    return found


def _runs(text: str, known: Mapping[Surface, object]) -> Iterator[tuple[Surface, int, int]]:
    """Yield every known run of words with its bounds: by its start, of those that start together the longest first."""
    words = [(match[0], match.start(), match.end()) for match in WORD.finditer(text)]
    longest = max((len(surface) for surface in known), default=0)
    for first in range(len(words)):
        for last in range(min(first + longest, len(words)), first, -1):
            surface = tuple(word for word, *_ in words[first:last])
            if surface in known:
                yield surface, words[first][1], words[last - 1][2]
