"""The best sequence of IOB2 tags: an entity begins with B- and goes on with I- of its type, and nothing else may.

The most likely tag of each word by itself often breaks that rule; the best of all sequences that keep it is found by
dynamic programming (Viterbi 1967), for many texts at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

BATCH = 64  # texts at once: a step of the search costs as much for many as for one
Floats = np.ndarray[Any, np.dtype[np.floating[Any]]]
Places = np.ndarray[Any, np.dtype[np.int64]]


def best_tags(scores: Sequence[Floats], tags: Sequence[str]) -> list[Places]:
    """Return the places of the tags in the best legal sequence of each text, for log-probabilities [words, tags]."""
    before = _before(tags)
    order = sorted(range(len(scores)), key=lambda place: len(scores[place]))
    found: dict[int, Places] = {}
    for first in range(0, len(order), BATCH):
        places = order[first : first + BATCH]
        paths = _search(_padded([scores[place] for place in places], tags), before)
        found |= {place: path[: len(scores[place])] for place, path in zip(places, paths, strict=True)}
    return [found[place] for place in range(len(scores))]


def _before(tags: Sequence[str]) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Return which tag may stand before which [before, after]; the last row is the begin of a text."""
    known = [*tags, ""]
    return np.array([[not tag.startswith("I-") or old[1:] == tag[1:] for tag in tags] for old in known])


def _padded(scores: Sequence[Floats], tags: Sequence[str]) -> Floats:
    """Return [texts, longest, tags]; behind the end of a text only the tag O is possible, at no cost."""
    longest = max(map(len, scores))
    padded = np.full((len(scores), longest, len(tags)), -np.inf)
    padded[:, :, list(tags).index("O")] = 0.0
    for row, score in zip(padded, scores, strict=True):
        row[: len(score)] = score
    return padded


def _search(scores: Floats, before: np.ndarray[Any, np.dtype[np.bool_]]) -> Places:
    """Return the best paths [texts, words] for scores [texts, words, tags]."""
    texts, words, tags = scores.shape
    if words == 0:
        return np.zeros((texts, 0), dtype=np.int64)
    cost = np.where(before, 0.0, -np.inf)
    reached = scores[:, 0] + cost[-1]
    came_from = np.zeros((texts, words, tags), dtype=np.int64)
    for word in range(1, words):
        ways = reached[:, :, None] + cost[None, :-1]
        came_from[:, word] = ways.argmax(axis=1)
        reached = ways.max(axis=1) + scores[:, word]
    path = np.zeros((texts, words), dtype=np.int64)
    path[:, -1] = reached.argmax(axis=1)
    for word in range(words - 1, 0, -1):
        path[:, word - 1] = came_from[np.arange(texts), word, path[:, word]]
    return path
