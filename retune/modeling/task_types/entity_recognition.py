"""Entity recognition: what a text names, and where; each word has a tag, O or the begin or inside of an entity."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from retune.core.calibration import softmax
from retune.core.params import base as settings_base
from retune.core.targets import entities
from retune.core.targets.entities import Entity
from retune.modeling.viterbi import best_tags
from retune.modeling.words import Span

HEAD, TARGET = "token", "entities"
COLUMNS = ("text",)
PRIMARY = "entity_f1"
METRICS = ("entity_f1",)
FLOORS = ("probe", "longest_match")
PLOTS = ("floors", "per_class", "reliability")
EXAMPLE = [  # made up
    {"text": "Anna Berg of Harbour Freight called from Hamburg about the invoice of March.", "context": ""},
    {"text": "The printer on the third floor does not print.", "context": ""},
]
UNKNOWN = -100  # the code of a tag that was not seen in training: no loss, always counted wrong
OUTSIDE = "O"

Floats = np.ndarray[Any, np.dtype[np.float32]]
Codes = np.ndarray[Any, np.dtype[np.int64]]


class Settings(settings_base.Settings):
    """How texts are read and words are tagged."""

    overlap_tokens: int = Field(ge=0)
    """Tokens that two windows of a text share where it is longer than train.max_length: a word at the edge of one has
    its context in the other."""

    pieces: Literal["first", "all"]
    """What of a word is asked for its tag: its first piece, as BERT did, or the mean of all its pieces."""

    probe_words: int = Field(ge=0)
    """Words of the training split on which the probe is fitted, from which the head starts; 0 starts at random."""


def labels_of(train: pd.DataFrame) -> list[str]:
    """Return the tags of the training rows: O, then the begin and the inside of each type in alphabetical order."""
    types = sorted({entity.type for label in train["label"] for entity in entities.parse(label)})
    return [OUTSIDE, *(f"{edge}-{name}" for name in types for edge in "BI")]


def encode(label: str, words: Sequence[Span], known: Sequence[str]) -> Codes:
    """Return the tag of each word, UNKNOWN for those of a type that the model has not; a word cut in two is inside."""
    places = {tag: place for place, tag in enumerate(known)}
    codes = np.full(len(words), places[OUTSIDE], dtype=np.int64)
    starts, ends = [start for start, _ in words], [end for _, end in words]
    for entity in entities.parse(label):
        first, last = bisect_right(ends, entity.start), bisect_left(starts, entity.end)
        codes[first:last] = places.get(f"I-{entity.type}", UNKNOWN)
        codes[first : min(first + 1, last)] = places.get(f"B-{entity.type}", UNKNOWN)
    return codes


def off_edges(label: str, words: Sequence[Span]) -> int:
    """Return how many entities begin or end inside of a word, or cover none: no tag of words can give them."""
    starts, ends = {start for start, _ in words}, {end for _, end in words}
    return sum(entity.start not in starts or entity.end not in ends for entity in entities.parse(label))


def decode(logits: Sequence[Floats], words: Sequence[Sequence[Span]], known: Sequence[str]) -> pd.DataFrame:
    """Return prediction and confidence for the logits [words, tags] of each text.

    The confidence is that of the least sure part of a text: the mean probability of the tags of an entity, or that of a
    word that is in none.
    """
    shares = [softmax(found) for found in logits]
    paths = best_tags([np.log(np.maximum(share, 1e-30)) for share in shares], known)
    answers = [_answer(*row, known) for row in zip(shares, paths, words, strict=True)]
    found = pd.DataFrame(answers, columns=["prediction", "confidence"])
    return found.astype({"prediction": "str", "confidence": "float64"})


def _answer(
    shares: np.ndarray[Any, np.dtype[np.float64]], path: Codes, words: Sequence[Span], known: Sequence[str]
) -> tuple[str, float]:
    """Return the entities of one text as they stand in a cell, and how sure they are."""
    found: list[Entity] = []
    parts: list[list[float]] = []
    for place, (start, end) in enumerate(words):
        tag, share = known[path[place]], float(shares[place, path[place]])
        if tag.startswith("I-"):
            found[-1] = found[-1]._replace(end=end)
            parts[-1].append(share)
            continue
        if tag != OUTSIDE:
            found.append(Entity(start, end, tag[2:]))
        parts.append([share])
    return entities.dump(found), min((float(np.mean(part)) for part in parts), default=1.0)
