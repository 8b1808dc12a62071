"""What stands on both sides of the split after all, and how often the same words are learnt from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from retune.core.hashing import hash64, normalised
from retune.core.overlap import PassageIndex
from retune.core.params.evaluate import LeakageParams

BASE = np.uint64(0x9E3779B97F4A7C15)  # odd, so that no power of it vanishes modulo 2 ** 64


def report(learnt: pd.DataFrame, picked_by: pd.DataFrame, asked: pd.DataFrame, params: LeakageParams) -> dict[str, Any]:
    """Return which test rows stand in what was learnt from or picked by; all three have example_id, text and context.

    The measure is that of the split, on the rows that training really read: a test row has leaked if another row holds
    `passage_share` of its runs of `passage_words` words, or of a paragraph's.
    """
    index = PassageIndex(
        dict(zip(asked["example_id"], inputs(asked), strict=True)),
        words=params.passage_words,
        minimum=params.passage_minimum_words,
    )
    texts = [*inputs(learnt), *inputs(picked_by)]
    leaked = sorted({held.of for text in texts for held in index.all_held_by(text, share=params.passage_share)})
    return {
        "passage_words": params.passage_words,
        "test_rows": len(asked),
        "leaked_rows": len(leaked),
        "examples": leaked,
        "copy_words": params.copy_words,
        "most_copies": most_copies(list(learnt["text"]), params.copy_words),
    }


def inputs(rows: pd.DataFrame) -> list[str]:
    """Return all that a model is given of each row: the text, and after it the context where there is one."""
    return [
        f"{text}\n{context}" if context else text for text, context in zip(rows["text"], rows["context"], strict=True)
    ]


def most_copies(texts: Sequence[str], words: int) -> int:
    """Return in how many of the texts the most frequent run of so many words stands; 0 where none is so long.

    Runs are compared by a polynomial of their words' hashes modulo 2 ** 64: two of a billion runs share one by chance
    with a probability of about 3 %.
    """
    tokens = [normalised(text).split() for text in texts]
    hashes: dict[str, int] = {}
    for row in tokens:
        for word in row:
            if word not in hashes:
                hashes[word] = hash64(word)
    lengths = np.array([len(row) for row in tokens], dtype=np.int64)
    stream = np.array([hashes[word] for row in tokens for word in row], dtype=np.uint64)
    starts = len(stream) - words + 1
    if starts < 1:
        return 0
    owners = np.repeat(np.arange(len(tokens)), lengths)
    whole = owners[:starts] == owners[words - 1 :]  # the run ends in the text in which it begins
    runs = np.zeros(starts, dtype=np.uint64)
    for place in range(words):
        runs = runs * BASE + stream[place : place + starts]
    pairs = np.unique(np.stack([owners[:starts][whole].astype(np.uint64), runs[whole]]), axis=1)
    return int(np.unique(pairs[1], return_counts=True)[1].max(initial=0))
