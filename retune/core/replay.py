"""Which rows a model is tuned on that continues another: what the other has not learnt, and some of what it has."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from retune.core.hashing import prompt_key, sha256_text


@dataclass(frozen=True)
class Mix:
    """Positions of the rows to tune on, old ones spread evenly among new ones; `shortfall` old rows were not there."""

    positions: list[int]
    new: int
    replayed: int
    shortfall: int


def rows_to_replay(new: int, share: float) -> int:
    """Return how many old rows beside `new` ones make up a share of both together, to the nearest row."""
    return math.floor(new * share / (1 - share) + 0.5)


def mix(is_new: Sequence[bool], share: float, seed: int) -> Mix:
    """Return all new rows with so many old ones, drawn without repeats, that these are `share` of the whole."""
    new = [place for place, value in enumerate(is_new) if value]
    old = [place for place, value in enumerate(is_new) if not value]
    wanted = rows_to_replay(len(new), share)
    drawn = np.random.default_rng(seed).permutation(old)[:wanted].tolist() if old else []
    chosen = _spread(new, drawn)
    return Mix(chosen, len(new), len(drawn), wanted - len(drawn))


def _spread(*groups: Sequence[int]) -> list[int]:
    """Return all groups as one list in which each is spread evenly."""
    placed = [((rank + 0.5) / len(group), place) for group in groups for rank, place in enumerate(group)]
    return [int(place) for _, place in sorted(placed)]


def is_known(rows: pd.DataFrame, seen: pd.DataFrame, side: str) -> list[bool]:
    """Tell of each row [ROWS] whether its id, or its text with its context, was on that side of `seen` [SEEN]."""
    there = seen[seen["side"] == side]
    prompts = [prompt_key(text, context) for text, context in zip(rows["text"], rows["context"], strict=True)]
    asked = pd.Series([sha256_text(prompt) for prompt in prompts], index=rows.index, dtype="string")
    known = rows["example_id"].isin(there["example_id"]) | asked.isin(there["text_sha256"])
    return [bool(value) for value in known]
