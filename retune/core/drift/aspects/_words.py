"""Words as they can be shown: letters only, and in several texts, so that no single text can be read from them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from retune.core.drift.statistics import Masks

LETTERS = 3  # shorter words are articles and the like
TEXTS = 3  # a word in fewer texts is nobody's topic, and may be somebody's name


def occurrence(rows: Iterable[str], most: int) -> tuple[list[str], Masks]:
    """Return the words that occur in the most texts, and in which [rows, words] each does; the words of a row once."""
    split = [set(row.split()) for row in rows]
    counts = Counter(word for row in split for word in row if len(word) >= LETTERS and word.isalpha())
    frequent = sorted((word for word in counts if counts[word] >= TEXTS), key=lambda word: (-counts[word], word))
    words = frequent[:most]
    return words, np.array([[word in row for word in words] for row in split], dtype=np.float32).reshape(-1, len(words))


def distinctive(words: Sequence[str], occurs: Masks, inside: NDArray[np.bool_], most: int) -> list[str]:
    """Return the words that tell the rows inside from the others: frequent there, and far more than elsewhere."""
    here = occurs[inside].sum(axis=0, dtype=np.float64)
    share = here / max(int(inside.sum()), 1)
    elsewhere = (occurs[~inside].sum(axis=0, dtype=np.float64) + 0.5) / (int((~inside).sum()) + 1)
    gain = np.log(np.maximum(share, 1e-12) / elsewhere)
    score = np.where((here >= TEXTS) & (gain > 0), share * gain**2, -1.0)  # squared: `that` is frequent everywhere
    order = np.argsort(-score, kind="stable")[:most]
    return [words[place] for place in order if score[place] > 0]
